// One request of the soak and the answer to it, checked as it arrives: status, length, entity tag,
// range, and every byte of the content. Owned and called by one thread.
#pragma once

#include "soak_content.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::bench {

struct SoakRequest {
  using Clock = std::chrono::steady_clock;
  enum class Kind : std::uint8_t { whole, range, conditional };

  Clock::time_point due;
  SoakObject object;
  Kind kind = Kind::whole;
  std::size_t first = 0, last = 0; // of a range
  std::string range() const {
    return "bytes=" + std::to_string(first) + '-' + std::to_string(last);
  }
};

enum class SoakOutcome : std::uint8_t {
  right,      // 200, 206 or 304, and all as it must be
  wrong,      // a byte, a length, a range or a tag is not
  refused,    // another status
  cut,        // the connection or the stream ended within the content
  unanswered, // or before it
};

class SoakAnswer {
public:
  explicit SoakAnswer(const SoakRequest& request) : request_(request) {}

  // The head, field by field, names in lower case; ":status" is one of them.
  void field(std::string_view name, std::string_view value);
  // True: this was the final head (RFC 9110, 15.2).
  bool end_head();
  void content(std::string_view bytes);
  SoakOutcome end(bool is_whole);

  const SoakRequest& request() const { return request_; }
  int status() const { return status_; }
  bool is_hit() const { return is_hit_; }
  std::optional<std::uint64_t> length() const { return length_; }
  bool has_head() const { return has_head_; }
  std::string problem() const; // of a wrong answer

private:
  bool is_checked() const { return status_ == 200 || status_ == 206 || status_ == 304; }
  void blame(std::string what);

  SoakRequest request_;
  int status_ = 0;
  bool has_head_ = false;
  bool is_hit_ = false;
  std::optional<std::uint64_t> length_;
  std::string range_;
  std::string etag_;
  std::size_t offset_ = 0; // in the object, of the next byte
  std::size_t end_ = 0;    // where the content must end
  std::string problem_;
};

} // namespace selvedge::bench
