// The state of a connection that its receiving and its sending half share, and what either may do
// to a stream: reset it, close it, return its window (RFC 9113, 5). Thread: one.
#pragma once

#include "h2_byte_queue.hpp"
#include "h2_frame.hpp"
#include "h2_limits.hpp"
#include "h2_priority.hpp"
#include "h2_settings.hpp"
#include "h2_streams.hpp"

#include <selvedge/codec/hpack.hpp>

namespace selvedge::codec::h2 {

struct SessionState {
  SessionState(ServerEvents& its_events, const ServerSession::Options& its_options);

  // --- streams

  // RST_STREAM; the stream is closed when it is written. Nothing, if it is over already.
  void reset(Stream& stream, ResetCode code);
  // As reset(), by a fault of the client: an error of the connection when there were too many.
  ResetCode refuse(Stream& stream, ResetCode code);
  // RST_STREAM for a request that does not become a stream.
  ResetCode refuse(StreamId id, ResetCode code, bool has_ended);
  // Likewise, of a client that has kept to its limits: it is we who have no room.
  ResetCode turn_away(StreamId id, bool has_ended);
  // Neither side says more about it; on_stream_closed is called. The stream is gone.
  void close(Stream& stream, ResetCode code);
  // Both sides have ended it: closed. Otherwise nothing.
  void close_if_ended(Stream& stream);
  // No HEADERS frame has been seen of it, nor could it be closed by one (RFC 9113, 5.1.1).
  bool is_idle(StreamId id) const { return id > last_seen || id % 2 == 0; }
  // Began when this side had said that it would not be looked at (RFC 9113, 6.8).
  bool is_ignored(StreamId id) const { return has_said_goaway && id > last_begun; }

  // --- flow control of what is received

  std::uint32_t stream_window() const;
  std::uint32_t connection_window() const {
    return std::max(options.connection_window, kFirstWindow);
  }
  // Bytes that count against the windows have been used: the client may send as much again.
  void consume_connection(std::size_t bytes);
  void consume_stream(Stream& stream, std::size_t bytes);

  // --- the connection

  // A frame that is no request costs; an error of the connection when it is too much.
  ResetCode charge(std::uint32_t cost = 1);
  ResetCode charge_reset();
  // Says GOAWAY with `last`; streams above it are not looked at from then on.
  void finish(ResetCode code);
  void terminate(ResetCode code);

  ServerEvents& events;
  const ServerSession::Options options;

  StreamTable streams;
  ClosedStreams closed;
  std::uint32_t open_streams = 0; // of the table, without those that are reset
  StreamId last_seen = 0;         // the highest id of a HEADERS frame
  StreamId last_begun = 0;        // the highest that was told to `events`

  PeerSettings peer;
  hpack::Encoder encoder;
  std::int64_t window = kFirstWindow; // that may be sent
  std::uint64_t content_sent = 0;     // of all streams
  std::uint32_t unreturned = 0;       // as of a stream
  std::uint32_t consumed = 0;

  ByteQueue control; // answers to frames, RST_STREAM, WINDOW_UPDATE, GOAWAY, interim heads
  StreamList heads;  // in the order of respond()
  StreamList resets; // to be closed once RST_STREAM is written
  Schedule schedule;

  Budget resets_left{kResetBudget};
  Budget frames_left{kFrameBudget};

  bool is_acknowledged = false; // the client has applied our SETTINGS
  bool has_heard_goaway = false;
  bool has_said_goaway = false; // with the last stream that counts
  bool is_terminated = false;   // behind what `control` has nothing is said
};

} // namespace selvedge::codec::h2
