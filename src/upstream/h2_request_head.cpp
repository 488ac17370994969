#include "h2_request_head.hpp"

#include <charconv>

namespace selvedge::upstream {

using http::FieldName;

namespace {

// RFC 9113, 8.2.2: what is about one connection makes a message malformed. Host is :authority, and
// the length of the content is said by whoever sends it.
bool is_left_out(const http::Field& field) {
  switch (field.id) {
  case FieldName::connection:
  case FieldName::keep_alive:
  case FieldName::proxy_connection:
  case FieldName::transfer_encoding:
  case FieldName::upgrade:
  case FieldName::host:
  case FieldName::content_length:
    return true;
  case FieldName::te:
    return !http::equals_ignoring_case(field.value, "trailers");
  case FieldName::unknown:
    return http::equals_ignoring_case(field.name, "http2-settings");
  default:
    return false;
  }
}

// RFC 7541, 7.1.3: requests of many clients share the table of a connection; what is secret to one
// of them is not to be guessed from the size of another's.
bool is_secret(FieldName name) {
  return name == FieldName::authorization || name == FieldName::cookie ||
         name == FieldName::proxy_authorization;
}

} // namespace

H2RequestHead::H2RequestHead(const http::RequestHead& head, const To& to)
    : has_content_(to.has_content) {
  add(":method", head.method_text);
  add(":scheme", to.is_secure ? "https" : "http");
  if (!to.authority.empty()) add(":authority", to.authority); // one of HTTP/1.0 may have none
  add(":path", head.target);
  for (const http::Field& field : head.fields) {
    if (is_left_out(field)) continue;
    add(field.name, field.value,
        is_secret(field.id) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
  }
  add_content_length(head);
}

// RFC 9110, 8.6: said when it is known, and where content was to be expected.
void H2RequestHead::add_content_length(const http::RequestHead& head) {
  const bool may_expect = head.method == http::Method::post || head.method == http::Method::put ||
                          head.method == http::Method::patch;
  if (!has_content_) {
    if (may_expect) add("content-length", "0");
    return;
  }
  if (!head.content_length) return;
  char* const end =
      std::to_chars(digits_.data(), digits_.data() + digits_.size(), *head.content_length).ptr;
  add("content-length", {digits_.data(), static_cast<std::size_t>(end - digits_.data())});
}

// The library writes to neither, and makes its copy of the name lower case.
void H2RequestHead::add(std::string_view name, std::string_view value, std::uint8_t flags) {
  auto* const name_text = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* const value_text = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  fields_.push_back({name_text, value_text, name.size(), value.size(), flags});
}

} // namespace selvedge::upstream
