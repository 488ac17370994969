#include "forwarded.hpp"

#include <selvedge/codec/request_check.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/container/small_vector.hpp>

#include <algorithm>

namespace selvedge::proxy {

using http::FieldName;

namespace {

bool is_address(std::string_view text) {
  boost::system::error_code bad;
  boost::asio::ip::make_address(std::string(text), bad);
  return !bad;
}

// RFC 7239, 4: a token, or a quoted string.
void append_value(std::string& to, std::string_view value) {
  if (http::is_token(value)) {
    to.append(value);
    return;
  }
  to.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') to.push_back('\\');
    to.push_back(c);
  }
  to.push_back('"');
}

// The end of the first pair of an element.
std::size_t pair_end(std::string_view element) {
  bool is_quoted = false;
  for (std::size_t at = 0; at < element.size(); ++at) {
    if (element[at] == '"') is_quoted = !is_quoted;
    if (element[at] == '\\' && is_quoted) ++at;
    if (element[at] == ';' && !is_quoted) return at;
  }
  return element.size();
}

// A pair of an element of Forwarded (RFC 7239, 4). Of what is no pair the name is "".
struct Pair {
  std::string_view text;
  std::string_view name;
  std::string_view value; // as it was sent, quoted perhaps

  bool is(std::string_view wanted) const { return http::equals_ignoring_case(name, wanted); }
};

// Calls visit(pair) for each of an element until it returns false.
template <typename Visit> void for_each_pair(std::string_view element, Visit visit) {
  while (!element.empty()) {
    const std::size_t end = pair_end(element);
    Pair pair{element.substr(0, end), {}, {}};
    element.remove_prefix(std::min(end + 1, element.size()));
    const std::size_t equals = pair.text.find('=');
    if (equals != std::string_view::npos) {
      pair.name = http::trim(pair.text.substr(0, equals));
      pair.value = http::trim(pair.text.substr(equals + 1));
    }
    if (!visit(pair)) return;
  }
}

std::string_view unquoted(std::string_view value) {
  const bool is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return is_quoted ? value.substr(1, value.size() - 2) : value;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         http::equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

// Whether nobody takes anything in a pair for a host or a scheme, even who searches for "host="
// wherever it may be and does not care about quotes.
bool is_harmless(const Pair& pair) {
  const bool is_named =
      http::is_token(pair.name) && !ends_with(pair.name, "host") && !ends_with(pair.name, "proto");
  return is_named && std::ranges::all_of(unquoted(pair.value), [](char c) {
           constexpr std::string_view kSeparators = "\"\\,;=";
           return c > ' ' && c < '\x7f' && kSeparators.find(c) == std::string_view::npos;
         });
}

// The node that an element is for; "" where it does not say.
std::string_view node_of(std::string_view element) {
  std::string_view node;
  for_each_pair(element, [&node](const Pair& pair) {
    if (!pair.is("for")) return true;
    node = pair.value;
    return false;
  });
  return node;
}

} // namespace

std::string forwarded_element(const downstream::ClientConnection& client,
                              std::string_view authority) {
  // RFC 7239, 6.1: a zone means nothing elsewhere.
  const std::string_view peer = client.peer_address.substr(0, client.peer_address.find('%'));
  std::string element = "for=";
  if (!is_address(peer)) {
    element.append("unknown"); // 6.2
  } else if (peer.find(':') != std::string_view::npos) {
    element.append("\"[").append(peer).append("]\"");
  } else {
    element.append(peer);
  }
  if (!authority.empty()) {
    element.append(";host=");
    append_value(element, authority);
  }
  element.append(client.is_secure ? ";proto=https" : ";proto=http");
  return element;
}

std::string_view address_of_node(std::string_view node) {
  node = unquoted(node);
  if (!node.empty() && node.front() == '[') {
    const std::size_t end = node.find(']');
    node = end == std::string_view::npos ? std::string_view{} : node.substr(1, end - 1);
  } else if (std::count(node.begin(), node.end(), ':') == 1) { // more: IPv6 without brackets
    node = node.substr(0, node.find(':'));
  }
  return is_address(node) ? node : std::string_view{};
}

std::string_view client_address(const http::FieldList& request, std::string_view peer,
                                const Forwarding& forwarding) {
  if (!forwarding.trusted || !forwarding.trusts(peer)) return peer;
  const bool is_by_rfc = forwarding.fields == ForwardingFields::forwarded;
  const FieldName name = is_by_rfc ? FieldName::forwarded : FieldName::x_forwarded_for;
  boost::container::small_vector<std::string_view, 8> nodes;
  http::for_each_element(request, name, [&](std::string_view element) {
    nodes.push_back(is_by_rfc ? node_of(element) : element);
    return true;
  });
  std::string_view found = peer;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const std::string_view address = address_of_node(*node);
    if (address.empty()) break;
    found = address;
    if (!forwarding.trusts(address)) break;
  }
  return found;
}

namespace {

bool is_believed(std::string_view peer, const Forwarding& forwarding) {
  return forwarding.trusted && forwarding.trusts(peer);
}

bool says_x_forwarded(const Forwarding& forwarding) {
  return forwarding.fields == ForwardingFields::x_forwarded ||
         forwarding.fields == ForwardingFields::both;
}

bool says_forwarded(const Forwarding& forwarding) {
  return forwarding.fields == ForwardingFields::forwarded ||
         forwarding.fields == ForwardingFields::both;
}

// Where all elements that name a scheme name the same.
std::string_view scheme_of_forwarded(const http::FieldList& request) {
  std::string_view scheme;
  bool is_one = true;
  http::for_each_element(request, FieldName::forwarded, [&](std::string_view element) {
    for_each_pair(element, [&](const Pair& pair) {
      if (!pair.is("proto")) return true;
      const std::string_view told = unquoted(pair.value);
      is_one = is_one && (scheme.empty() || http::equals_ignoring_case(told, scheme));
      scheme = told;
      return true;
    });
    return true;
  });
  return is_one ? scheme : std::string_view();
}

} // namespace

std::string_view told_scheme(const http::FieldList& request, std::string_view peer,
                             const Forwarding& forwarding) {
  if (!is_believed(peer, forwarding)) return {};
  std::string_view told;
  if (says_x_forwarded(forwarding)) told = request.value(http::FieldName::x_forwarded_proto);
  if (told.empty() && says_forwarded(forwarding)) told = scheme_of_forwarded(request);
  if (http::equals_ignoring_case(told, "https")) return "https";
  return http::equals_ignoring_case(told, "http") ? "http" : "";
}

std::string_view told_host(const http::FieldList& request, std::string_view peer,
                           const Forwarding& forwarding) {
  if (!is_believed(peer, forwarding) || !says_x_forwarded(forwarding)) return {};
  const std::string_view told = request.value(http::FieldName::x_forwarded_host);
  return codec::is_authority(told) ? told : std::string_view();
}

std::string_view told_by_forwarded(const http::RequestHead& request, std::string_view peer,
                                   const Forwarding& forwarding, base::Arena& arena) {
  if (!is_believed(peer, forwarding) || !says_forwarded(forwarding)) return {};
  std::string told;
  bool is_news = false;
  http::for_each_element(request.fields, FieldName::forwarded, [&](std::string_view element) {
    for_each_pair(element, [&](const Pair& pair) {
      if (is_harmless(pair)) return true;
      const bool is_known =
          (pair.is("host") && http::equals_ignoring_case(pair.value, request.authority)) ||
          (pair.is("proto") && http::equals_ignoring_case(pair.value, request.scheme));
      is_news = is_news || !is_known;
      told.append(pair.text).append(";");
      return true;
    });
    told.append(",");
    return true;
  });
  return is_news ? arena.copy(told) : std::string_view();
}

} // namespace selvedge::proxy
