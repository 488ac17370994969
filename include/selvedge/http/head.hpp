// The heads of messages: everything before the content, in the words of RFC 9110, whatever the
// protocol version on the wire was. Text lives in the arena of the exchange.
#pragma once

#include <selvedge/http/field.hpp>
#include <selvedge/http/method.hpp>
#include <selvedge/http/status.hpp>

#include <optional>

namespace selvedge::http {

enum class Version : std::uint8_t { http_1_0, http_1_1, http_2 };
std::string_view text_of(Version version); // "1.0", "1.1", "2": as Via and logs write it

// Without a port that says nothing: none behind the colon, or that of the scheme (RFC 9110, 4.2.3).
std::string_view without_default_port(std::string_view authority, std::string_view scheme);

struct RequestHead {
  Method method = Method::get;
  Version version = Version::http_1_1;
  std::string_view method_text = "GET";
  std::string_view scheme = "http";
  std::string_view authority; // host[:port] as the client said it: Host or :authority
  std::string_view target;    // origin form, path and query; "*" for OPTIONS *
  FieldList fields;           // without Host, pseudo-header fields and framing fields
  std::optional<std::uint64_t> content_length; // of the request's content, when said
  bool has_content = false;

  std::string_view path() const { return target.substr(0, target.find('?')); }
  void clear() { *this = RequestHead{}; }
};

struct ResponseHead {
  Status status = 0;
  Version version = Version::http_1_1;
  FieldList fields; // without framing fields
  std::optional<std::uint64_t> content_length;
};

} // namespace selvedge::http
