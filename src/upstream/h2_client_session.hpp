// The client's side of one HTTP/2 connection (RFC 9113): frames from and to bytes, no I/O and no
// clock. The library keeps the rules of the protocol; each stream's events go to its H2Response.
// Thread: one.
#pragma once

#include "h2_request_head.hpp"

#include <selvedge/base/error.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace selvedge::upstream {

class H2Response;

class H2ClientSession {
public:
  // What a server may send before it is read: the rest of its answers waits there.
  static constexpr std::uint32_t kStreamWindow = 256 * 1024;
  static constexpr std::uint32_t kConnectionWindow = 1024 * 1024;

  // `head_bytes`: the largest head of an answer that is of use.
  explicit H2ClientSession(std::uint64_t head_bytes);
  ~H2ClientSession();
  H2ClientSession(const H2ClientSession&) = delete;
  H2ClientSession& operator=(const H2ClientSession&) = delete;

  // Events of streams are told from inside of this and of send(): they may call open(), reset(),
  // resume(), consume() and nothing else. False: the connection is of no use any more.
  bool receive(std::string_view bytes);
  // What is to be sent next, written to the front of `into`; 0: nothing now.
  std::size_t send(std::span<char> into);
  bool wants_to_send() const;
  // Neither side will say any more.
  bool is_over() const;
  // The server broke the rules, so that the connection was ended from here.
  bool was_broken() const { return notes_.was_broken; }

  // False: the server takes no further stream on this connection, ever.
  bool allows_request() const;
  // Streams at once that the server allows now.
  std::uint32_t most_streams() const;
  // The id of a new stream, whose events `stream` is told until its end, or reset().
  base::Result<std::int32_t> open(const H2RequestHead& head, H2Response& stream);
  // RST_STREAM; its H2Response is told nothing any more.
  void reset(std::int32_t id, std::uint32_t code);
  // Its request has content again.
  void resume(std::int32_t id);
  // Content of the stream has been read: as much may come again. Also behind its end.
  void consume(std::int32_t id, std::size_t bytes);
  void ping();
  // GOAWAY, and nothing after it.
  void terminate();

  struct Notes { // of the callbacks
    bool was_broken = false;
  };

private:
  nghttp2_session* session_ = nullptr;
  Notes notes_;
  std::string_view unsent_; // of the library's last chunk
};

} // namespace selvedge::upstream
