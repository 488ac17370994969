// What becomes of requests, read from the bytes that a server sends: whole answers, their status
// class and their size. Content is counted and not kept. Owned and called by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bench {

struct FrameHead;

enum class Outcome : std::uint8_t {
  ok,       // 200 and all of its content
  rejected, // 429 or 503, or a stream that was refused
  error,    // another answer
  closed,   // the connection or the stream ended before
};

struct Answer {
  std::uint32_t stream = 0; // of HTTP/2; HTTP/1.1 answers in order
  Outcome outcome = Outcome::ok;
  std::uint64_t bytes = 0; // of content
};

class H1Answers {
public:
  // Takes what was read. False: this is no HTTP/1.1 with a known length, and the connection is of
  // no use any more.
  bool receive(std::string_view bytes);
  // Content still to come of the answer being read. So much may be skipped unread.
  std::uint64_t remaining() const { return remaining_; }
  void skip(std::uint64_t bytes);

  std::vector<Answer> ended; // complete; the caller clears it
  bool is_last = false;      // the server closes after this answer

private:
  bool on_head();
  void end_if_complete();

  std::string head_; // as much as has come
  bool is_in_content_ = false;
  std::uint64_t remaining_ = 0;
  Answer answer_;
};

class StreamAnswers {
public:
  void receive(std::string_view bytes);

  std::vector<Answer> ended; // complete; the caller clears it
  std::string reply;         // to be sent: acknowledgements and window; the caller clears it
  bool is_last = false;      // GOAWAY has come
  bool has_settings = false;
  std::uint32_t most_streams = 100; // at a time (SETTINGS_MAX_CONCURRENT_STREAMS)

private:
  struct Open {
    Outcome outcome = Outcome::ok;
    std::uint64_t bytes = 0;
  };
  void on_frame(const FrameHead& head, std::string_view payload);
  void on_settings(const FrameHead& head, std::string_view payload);
  void on_headers(const FrameHead& head, std::string_view payload);
  void on_data(const FrameHead& head);
  void end(std::uint32_t stream);
  Open& open(std::uint32_t stream);

  std::string held_;             // the beginning of a frame whose rest has not come
  std::uint64_t skip_ = 0;       // octets of a DATA frame still to come
  std::uint32_t ends_with_ = 0;  // the stream that this DATA frame ends, 0 for none
  std::uint64_t unreturned_ = 0; // octets of DATA since the last WINDOW_UPDATE
  std::vector<std::pair<std::uint32_t, Open>> open_; // few: those with a head and no end
};

// A GET with one more field, when it has a name (RFC 7541, 6.2.2).
struct H2Request {
  std::uint32_t stream = 1;
  bool is_https = false;
  std::string_view authority;
  std::string_view path;
  std::string_view header; // lower case
  std::string_view value;
};
std::string h2_request_with(const H2Request& request);

} // namespace selvedge::bench
