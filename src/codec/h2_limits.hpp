// What a client may cost. There is no clock here: a budget is spent by frames that ask for work
// without being a request, and grows again by useful work, so that a client that uses the
// connection is never near its end. Who exceeds one is told ENHANCE_YOUR_CALM.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace selvedge::codec::h2 {

class Budget {
public:
  explicit Budget(std::uint32_t full) : full_(full), left_(full) {}

  // False: there is not so much left.
  [[nodiscard]] bool spend(std::uint32_t cost) {
    if (cost > left_) return false;
    left_ -= cost;
    return true;
  }
  void refund(std::size_t work) {
    left_ += static_cast<std::uint32_t>(std::min<std::size_t>(work, full_ - left_));
  }

private:
  std::uint32_t full_;
  std::uint32_t left_;
};

// Streams that end by RST_STREAM through the client's doing: its own soon after the request (rapid
// reset), or ours that it provoked. As many as a page that is left may cancel, many times over.
constexpr std::uint32_t kResetBudget = 1000;
constexpr std::size_t kResetRefundOfAnswer = 2; // so even one cancelled out of two is no attack

// Frames that are not part of a request: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA...
constexpr std::uint32_t kFrameBudget = 1000;
constexpr std::uint32_t kCostOfSettings = 8; // each stream's window is touched
constexpr std::size_t kRefundOfRead = 4;     // slow pings of an idle client must not add up
constexpr std::size_t kRefundOfRequest = 8;
constexpr std::size_t kRefundOfContent = 4;        // for a DATA frame of ours (of the client's: 1),
constexpr std::size_t kContentBytesOfRefund = 512; // and one more for so many bytes of it

// Answers to frames (ACKs, RST_STREAM) that wait because the client does not read: 1000 of PING.
constexpr std::size_t kMaxControlBytes = 17'000;

// A head is decoded beyond what is announced so that it can be answered 431, but not for ever:
// multiples of Options::max_head_bytes, on the wire and decoded.
constexpr std::size_t kMaxHeadFactor = 4;
constexpr std::size_t kMaxDecodedHeadFactor = 8;
constexpr std::size_t kLeastMaxHeadBytes = 16384; // where less is announced, as if it were this
constexpr std::size_t kMaxEmptyFragments = 4;     // HEADERS and CONTINUATION without a byte

// Streams that are closing but not yet closed count beside Options::max_streams up to this.
constexpr std::size_t kMaxClosing = 128;

// Priorities that arrive before their stream (RFC 9218, 7.1).
constexpr std::size_t kMaxEarlyPriorities = 16;

} // namespace selvedge::codec::h2
