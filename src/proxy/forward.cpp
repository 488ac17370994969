#include "forward.hpp"

#include "client_claims.hpp"
#include "forwarded.hpp"

#include <algorithm>

namespace selvedge::proxy {

using http::Field;
using http::FieldName;

namespace {

// Set anew below, or answered here (100-continue).
bool is_replaced(FieldName id) {
  switch (id) {
  case FieldName::via:
  case FieldName::forwarded:
  case FieldName::x_forwarded_for:
  case FieldName::x_forwarded_host:
  case FieldName::x_forwarded_proto:
  case FieldName::cookie: // joined below
  case FieldName::expect:
    return true;
  default:
    return false;
  }
}

// Values of repeated fields as one, in the arena.
std::string_view joined(const http::FieldList& fields, FieldName id, std::string_view separator,
                        std::string_view last, base::Arena& arena) {
  std::string text;
  auto append = [&](std::string_view value) {
    if (!text.empty()) text.append(separator);
    text.append(value);
  };
  for (const Field& field : fields) {
    if (field.id == id) append(field.value);
  }
  if (!last.empty()) append(last);
  return arena.copy(text);
}

bool is_of_trace(const Field& field) {
  return field.id == FieldName::unknown && (http::equals_ignoring_case(field.name, kTraceParent) ||
                                            http::equals_ignoring_case(field.name, kTraceState));
}

bool is_in_key(const Field& field, const Route& route) {
  return std::ranges::any_of(route.key.headers, [&field](const std::string& name) {
    return http::equals_ignoring_case(name, field.name);
  });
}

// Whether what a field claims of the request may reach the origin.
bool is_believed(const Field& field, const ForwardContext& context) {
  const auto is_trusted = [&] { return context.forwarding.trusts(context.client.peer_address); };
  const auto is_told_apart = [&] {
    return context.caching == nullptr || is_in_key(field, *context.caching);
  };
  switch (field.id == FieldName::unknown ? claim_of(field.name) : Claim::none) {
  case Claim::none:
    return true;
  case Claim::spelling:
    return false;
  case Claim::about_connection:
    return is_trusted();
  case Claim::about_url:
    return is_trusted() && is_told_apart();
  case Claim::about_request:
    return is_told_apart();
  }
  return true;
}

// Whether a field of the client goes to the origin as it is.
bool passes(const Field& field, const ForwardContext& context) {
  if (is_replaced(field.id) || !is_believed(field, context)) return false;
  if (context.purpose == Purpose::fill && is_conditional(field.id)) return false;
  return context.trace == nullptr || !is_of_trace(field);
}

// The client's trace goes on, with this node as its parent, or a new one begins; what vendors keep
// in tracestate belongs to the client's.
void add_trace(http::RequestHead& head, const http::FieldList& client, const TraceContext& trace,
               base::Arena& arena) {
  head.fields.add(kTraceParent, trace_parent_text(trace.parent, arena));
  if (!trace.is_continued) return;
  for (const Field& field : client) {
    if (!http::equals_ignoring_case(field.name, kTraceState)) continue;
    head.fields.add(kTraceState, arena.copy(field.value));
  }
}

// Where the request comes from. What a trusted proxy said stands in front of what this node sees,
// or, where only one can be right, instead of it.
void add_forwarding(http::RequestHead& head, const http::FieldList& client,
                    const ForwardContext& context, base::Arena& arena) {
  const ForwardingFields wanted = context.forwarding.fields;
  if (wanted == ForwardingFields::none) return;
  const bool is_trusted = context.forwarding.trusts(context.client.peer_address);
  const http::FieldList none;
  const http::FieldList& believed = is_trusted ? client : none;
  if (wanted != ForwardingFields::forwarded) {
    head.fields.add(FieldName::x_forwarded_for, joined(believed, FieldName::x_forwarded_for, ", ",
                                                       context.client.peer_address, arena));
    const std::string_view proto = context.client.is_secure ? "https" : "http";
    const std::string_view peer = context.client.peer_address;
    const std::string_view scheme = told_scheme(client, peer, context.forwarding);
    head.fields.add(FieldName::x_forwarded_proto, scheme.empty() ? proto : scheme);
    const std::string_view host = told_host(client, peer, context.forwarding);
    head.fields.add(FieldName::x_forwarded_host, host.empty() ? head.authority : arena.copy(host));
  }
  if (wanted != ForwardingFields::x_forwarded) {
    const std::string element = forwarded_element(context.client, head.authority);
    head.fields.add(FieldName::forwarded,
                    joined(believed, FieldName::forwarded, ", ", element, arena));
  }
}

} // namespace

http::RequestHead forwarded_head(const http::RequestHead& request, const ForwardContext& context,
                                 base::Arena& arena) {
  http::RequestHead head;
  head.method = request.method;
  head.method_text = arena.copy(request.method_text);
  head.version = request.version;
  head.scheme = arena.copy(request.scheme);
  head.authority = arena.copy(request.authority);
  head.target = arena.copy(request.target);
  head.content_length = request.content_length;
  head.has_content = request.has_content;

  http::FieldList end_to_end = request.fields;
  http::remove_hop_by_hop(end_to_end);
  for (const Field& field : end_to_end) {
    if (!passes(field, context)) continue;
    head.fields.add(Field{field.id, arena.copy(field.name), arena.copy(field.value)});
  }
  // HTTP/2 clients may send cookies in crumbs (RFC 9113, 8.2.3).
  const std::string_view cookies = joined(request.fields, FieldName::cookie, "; ", {}, arena);
  if (!cookies.empty()) head.fields.add(FieldName::cookie, cookies);
  head.fields.add(FieldName::via, joined(request.fields, FieldName::via, ", ", context.via, arena));
  add_forwarding(head, request.fields, context, arena);
  if (context.trace != nullptr) add_trace(head, request.fields, *context.trace, arena);
  if (context.rules != nullptr) context.rules->apply(head.fields);
  return head;
}

bool is_loop(const http::RequestHead& request, std::string_view node_name) {
  bool found = false;
  http::for_each_element(request.fields, FieldName::via, [&](std::string_view element) {
    const std::size_t space = element.find_first_of(" \t");
    if (space == std::string_view::npos) return true;
    std::string_view by = http::trim(element.substr(space));
    by = by.substr(0, by.find_first_of(" \t"));
    found = found || by == node_name;
    return !found;
  });
  return found;
}

} // namespace selvedge::proxy
