// As much of HTTP/2 as a client needs that sends plain GET requests and counts the answers: it
// spends next to nothing, in time and in memory, so that a figure is the server's. Requests are
// literals without the dynamic table (RFC 7541, 6.2.2); answers are read by their frames, and of
// their fields only whether the status is 200. Owned and called by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bench {

struct FrameHead;

// What a client sends first: the preface, SETTINGS with a window that never ends a stream's answer,
// and as much for the connection (RFC 9113, 3.4 and 6.9).
std::string h2_opening();

// A request without content, the fields in one HEADERS frame.
std::string h2_request(std::uint32_t stream, std::string_view scheme, std::string_view authority,
                       std::string_view path);

class H2Answers {
public:
  // Takes what the server has sent. Appends to `ended` and `reply`.
  void receive(std::string_view bytes);

  // The streams whose answers are complete; the caller clears it.
  std::vector<std::uint32_t> ended;
  // What the server is to be sent: acknowledgements and window. The caller sends and clears it.
  std::string reply;
  // Streams that were reset or whose status is not 200, and connections given up.
  std::uint64_t failures = 0;
  bool has_settings = false;        // the server's SETTINGS have come
  bool is_acknowledged = false;     // and it has acknowledged ours
  std::uint32_t most_streams = 100; // at a time (SETTINGS_MAX_CONCURRENT_STREAMS)

private:
  void on_frame(const FrameHead& head, std::string_view payload);
  void on_settings(const FrameHead& head, std::string_view payload);
  void on_data(std::uint32_t bytes);

  std::string held_;             // the beginning of a frame whose rest has not come
  std::uint64_t skip_ = 0;       // octets of a DATA frame still to come; they are not kept
  std::uint32_t ends_with_ = 0;  // the stream that this DATA frame ends, 0 for none
  std::uint64_t unreturned_ = 0; // octets of DATA since the last WINDOW_UPDATE
};

} // namespace selvedge::bench
