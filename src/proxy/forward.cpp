#include "forward.hpp"

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

} // namespace

http::RequestHead forwarded_head(const http::RequestHead& request,
                                 const downstream::ClientConnection& client, std::string_view via,
                                 Purpose purpose, base::Arena& arena) {
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
    if (is_replaced(field.id)) continue;
    if (purpose == Purpose::fill && is_conditional(field.id)) continue;
    head.fields.add(Field{field.id, arena.copy(field.name), arena.copy(field.value)});
  }
  // HTTP/2 clients may send cookies in crumbs (RFC 9113, 8.2.3).
  const std::string_view cookies = joined(request.fields, FieldName::cookie, "; ", {}, arena);
  if (!cookies.empty()) head.fields.add(FieldName::cookie, cookies);
  head.fields.add(FieldName::via, joined(request.fields, FieldName::via, ", ", via, arena));
  head.fields.add(FieldName::x_forwarded_for, arena.copy(client.peer_address));
  head.fields.add(FieldName::x_forwarded_proto, client.is_secure ? "https" : "http");
  head.fields.add(FieldName::x_forwarded_host, head.authority);
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
