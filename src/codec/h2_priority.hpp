// Priorities of responses (RFC 9218): what a client says, and whose turn it is.
#pragma once

#include "h2_stream.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace selvedge::codec::h2 {

// The value of the field Priority or of a PRIORITY_UPDATE frame; nothing where it is no dictionary
// (RFC 9218, 4 and 5). A member that is missing or out of range has its default.
std::optional<Priority> parse_priority(std::string_view text);

// Streams that have content to send, by urgency. Of the same urgency those that are not incremental
// go one after the other in the order of their requests; those that are share, a frame each. Where
// there are both, they alternate, so that neither starves (RFC 9218, 10). Thread: one.
class Schedule {
public:
  // Requires: the stream is in no list.
  void add(Stream& stream);
  // Who writes the next frame; null: nobody.
  Stream* next();
  // The stream has written one. Requires: it is still scheduled.
  void rotate(Stream& stream);
  bool is_empty() const;

private:
  struct Level {
    StreamList sequential;
    StreamList incremental;
    bool is_turn_of_incremental = false;
  };
  std::array<Level, kUrgencies> levels_;
  std::uint8_t used_ = 0; // a bit a level that may have streams
};

} // namespace selvedge::codec::h2
