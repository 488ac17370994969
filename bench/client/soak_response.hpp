// One answer of the soak's origin, right or faulty, handed out in pieces. Owned and called by one
// thread.
#pragma once

#include "soak_content.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace selvedge::bench {

enum class SoakFault : std::uint8_t {
  ok,
  stall,
  slow,
  errors,
  cut,
  reset,
  short_by_one,
  garbage,
  heads
};

// Throws std::runtime_error when there is no such fault.
SoakFault soak_fault(std::string_view word);

class SoakResponse {
public:
  // The request's head up to the last field's CRLF; its number chooses among variants of a fault.
  SoakResponse(std::string_view request_head, SoakFault fault, std::uint64_t number);

  // What is to be sent next; empty: that was all.
  std::string next();
  // Whether the connection ends then, and how.
  bool closes() const { return closes_; }
  bool resets() const { return resets_; }

private:
  void refuse(std::string_view status);
  void begin(std::string_view request_head, std::uint64_t number);
  void spoil(SoakFault fault, std::uint64_t number);
  std::string piece();

  SoakObject object_;
  std::string head_;                 // not handed out yet
  std::size_t offset_ = 0, end_ = 0; // of the content
  bool is_chunked_ = false;
  bool has_last_chunk_ = false; // to be sent still
  bool has_garbage_ = false;
  bool closes_ = false, resets_ = false;
};

} // namespace selvedge::bench
