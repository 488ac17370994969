// The server side of one HTTP/2 connection without its socket (RFC 9113): bytes in, events out,
// bytes out, with flow control both ways and the priorities of RFC 9218. Thread: one. Inside an
// event only respond, respond_interim, resume, consume, reset and announce_shutdown may be called.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/http/body_source.hpp>
#include <selvedge/http/head_block.hpp>
#include <selvedge/http/status.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace selvedge::codec::h2 {

// Error codes of RFC 9113, 7 that this node sends.
enum class ResetCode : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  enhance_your_calm = 11,
};

using StreamId = std::int32_t;

// What the session tells. `stream` is what on_stream_begin returned.
class ServerEvents {
public:
  // A new request; null refuses the stream.
  virtual void* on_stream_begin(StreamId id) = 0;
  // A field of the head, pseudo-header fields first; its texts are valid during the call only.
  virtual void on_field(void* stream, const http::Field& field) = 0;
  virtual void on_head_end(void* stream, bool has_content) = 0;
  virtual void on_content(void* stream, std::string_view bytes) = 0;
  virtual void on_request_end(void* stream) = 0;   // no more content
  virtual void on_response_sent(void* stream) = 0; // END_STREAM has been written out
  // The stream is over, cleanly or not; it is not mentioned again.
  virtual void on_stream_closed(void* stream, std::uint32_t error_code) = 0;
  // The content of a response; only for streams that were answered with one.
  virtual http::BodySource& content_of(void* stream) = 0;

protected:
  ~ServerEvents() = default;
};

class ServerSession {
public:
  struct Options {
    std::uint32_t max_streams = 128;
    std::uint32_t stream_window = 65535;        // bytes of a request's content before it must wait
    std::uint32_t connection_window = 1u << 20; // of all requests of the connection
    std::uint32_t max_head_bytes = 32768;       // announced; who exceeds it is answered 431
  };
  ServerSession(ServerEvents& events, const Options& options);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // An error means that the connection is over, once what send() gives has been written.
  base::Result<void> receive(std::string_view bytes);
  // More of what one read brought. Likewise; but what a client may ask for goes by reads.
  base::Result<void> receive_rest(std::string_view bytes);
  // Fills `out` with what may be sent now. Returns how much; 0: nothing to send. Streams that were
  // reset are closed by it, not by reset().
  std::size_t send(std::span<char> out);
  bool has_pending_output() const;
  // Neither side will say more.
  bool is_over() const;

  struct Response {
    http::Status status = 200;
    const http::HeadBlock* block = nullptr;
    std::span<const http::Field> fields; // behind those of the block
    std::optional<std::uint64_t> content_length;
    bool has_content = false; // then content_of() is asked for it
  };
  // The texts of block and fields live until the stream is closed.
  void respond(StreamId id, const Response& response);
  // RFC 9113, 8.1: a head before that of the final response; its texts are copied.
  // Requires: respond() was not called.
  void respond_interim(StreamId id, http::Status status, std::span<const http::Field> fields = {});
  // What the client has said of its priority (RFC 9218, 4.1): 0 to 7.
  std::uint8_t urgency(StreamId id) const;
  // Content that was pending is there.
  void resume(StreamId id);
  // Content of the request has been used: the client may send as much again.
  void consume(StreamId id, std::size_t bytes);
  void reset(StreamId id, ResetCode code);
  // As reset(), and it is the client's doing: who provokes many ends the connection.
  void refuse(StreamId id, ResetCode code);
  // Bytes of the content of its response that were written.
  std::uint64_t content_sent(StreamId id) const;
  std::uint64_t content_sent() const; // of all
  // How many more bytes the client's windows let through: that of a stream, that of the connection.
  std::int64_t window(StreamId id) const;
  std::int64_t window() const;
  // After an error, or terminate(): only what is left is written.
  bool is_terminated() const;
  std::uint64_t frames_received() const; // whole ones, and whole heads
  // Whether the client is in the middle of the preface, of a head, or of a frame without content.
  bool is_within_frame() const;

  // Graceful end, RFC 9113, 6.8: first announce, then, a round trip later, say which streams count.
  void announce_shutdown();
  void finish_shutdown();
  void terminate(ResetCode code);

private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

} // namespace selvedge::codec::h2
