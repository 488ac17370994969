// What the fields of a request must be like (RFC 9113, 8.2 and 8.3): looked at one by one as they
// are decoded, and as a whole at the end. Thread: one.
#pragma once

#include "h2_stream.hpp"

#include <selvedge/http/field.hpp>

#include <cstdint>
#include <string_view>

namespace selvedge::codec::h2 {

enum class FieldVerdict : std::uint8_t {
  valid,
  malformed, // the request is (RFC 9113, 8.1.1)
};

class HeadRules {
public:
  // For trailers, which have no pseudo-header fields.
  void begin_trailers();
  void begin_request();
  // Requires: `field.id` is the token of the name, in whatever case the name is.
  FieldVerdict check(const http::Field& field);
  // All fields are there: whether they make a request. Always so for trailers.
  bool is_complete() const;

  std::uint64_t content_length() const; // Stream::kAnyLength: not said
  Priority priority() const { return priority_; }

private:
  enum Seen : std::uint8_t {
    method = 1,
    scheme = 2,
    authority = 4,
    path = 8,
    host = 16,
  };
  FieldVerdict check_pseudo(std::string_view name, std::string_view value);
  FieldVerdict check_regular(const http::Field& field);
  bool see_once(Seen what);
  bool read_content_length(std::string_view text);

  bool is_trailers_ = false;
  std::uint8_t seen_ = 0;
  bool is_behind_pseudo_ = false; // a regular field was there
  bool is_connect_ = false;
  bool is_options_ = false;
  bool is_http_ = false;       // by its scheme
  bool is_path_usual_ = false; // begins with a slash
  bool is_asterisk_ = false;
  std::uint64_t content_length_ = Stream::kAnyLength;
  Priority priority_;
};

} // namespace selvedge::codec::h2
