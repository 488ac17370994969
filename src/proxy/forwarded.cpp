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

// The node that an element of Forwarded is for; "" where it does not say.
std::string_view node_of(std::string_view element) {
  constexpr std::string_view kFor = "for";
  while (!element.empty()) {
    const std::size_t end = std::min(element.find(';'), element.size()); // none within nodes
    const std::string_view pair = element.substr(0, end);
    element.remove_prefix(std::min(end + 1, element.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    if (http::equals_ignoring_case(http::trim(pair.substr(0, equals)), kFor)) {
      return http::trim(pair.substr(equals + 1));
    }
  }
  return {};
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
  if (node.size() >= 2 && node.front() == '"' && node.back() == '"') {
    node = node.substr(1, node.size() - 2);
  }
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

bool is_told(std::string_view peer, const Forwarding& forwarding) {
  const bool writes_them = forwarding.fields == ForwardingFields::x_forwarded ||
                           forwarding.fields == ForwardingFields::both;
  return writes_them && forwarding.trusted && forwarding.trusts(peer);
}

} // namespace

std::string_view told_scheme(const http::FieldList& request, std::string_view peer,
                             const Forwarding& forwarding) {
  if (!is_told(peer, forwarding)) return {};
  const std::string_view told = request.value(http::FieldName::x_forwarded_proto);
  if (http::equals_ignoring_case(told, "https")) return "https";
  return http::equals_ignoring_case(told, "http") ? "http" : "";
}

std::string_view told_host(const http::FieldList& request, std::string_view peer,
                           const Forwarding& forwarding) {
  if (!is_told(peer, forwarding)) return {};
  const std::string_view told = request.value(http::FieldName::x_forwarded_host);
  return codec::is_authority(told) ? told : std::string_view();
}

} // namespace selvedge::proxy
