// One stream of a connection: what has been received of its request, and what is due of its
// response (RFC 9113, 5). Owned by the StreamTable. Thread: that of the connection.
#pragma once

#include <selvedge/codec/h2_session.hpp>

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <limits>

namespace selvedge::codec::h2 {

constexpr std::uint8_t kUrgencies = 8;
constexpr std::uint8_t kDefaultUrgency = 3;

struct Priority { // RFC 9218, 4
  std::uint8_t urgency = kDefaultUrgency;
  bool is_incremental = false;

  friend bool operator==(const Priority&, const Priority&) = default;
};

struct Stream;

// What the response waits for.
enum class Sending : std::uint8_t {
  nothing,  // respond() was not called, or everything has been sent
  head,     // a place in a block; in the list of heads
  trailers, // as head, behind the content
  content,  // its turn, and the window of the connection; in the Schedule
  source,   // resume(): its content was pending
  window,   // WINDOW_UPDATE of the stream, or SETTINGS
};

using StreamLink =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct StreamState {
  static constexpr std::uint64_t kAnyLength = std::numeric_limits<std::uint64_t>::max();

  StreamId id = 0;
  Sending sending = Sending::nothing;
  Priority priority;
  bool has_early_priority = false; // of a PRIORITY_UPDATE, which counts more than the field
  bool has_ended_request = false;  // END_STREAM was received
  bool has_ended_response = false; // END_STREAM was written
  bool is_answered = false;        // respond() was called
  bool is_reset = false;           // RST_STREAM is on its way; no events but the last
  bool is_resumed = false;         // while the source was asked
  ResetCode reset_code = ResetCode::no_error;
  void* user = nullptr; // what on_stream_begin returned

  // RFC 9113, 5.2: `window` is what may be sent; `unreturned` are bytes received for which no
  // WINDOW_UPDATE was sent, `consumed` those of them that could be returned.
  std::int64_t window = 0;
  std::uint32_t unreturned = 0;
  std::uint32_t consumed = 0;

  std::uint64_t content_length = kAnyLength; // of the request, as its head says
  std::uint64_t content_received = 0;
  std::uint64_t content_sent = 0;

  ServerSession::Response response; // but for its fields, which are copied: see below

  Stream* next_in_bucket = nullptr; // of the StreamTable
};

// Invariant: a stream is in one list at most, the one that `sending` names, or, once `is_reset`,
// that of streams to be closed.
struct Stream : StreamLink, StreamState {
  boost::container::small_vector<http::Field, 4> fields; // of the response, behind the block's

  // As new, but for the room that the list of fields has.
  void clear() {
    static_cast<StreamState&>(*this) = {};
    fields.clear();
  }
};

using StreamList = boost::intrusive::list<Stream, boost::intrusive::constant_time_size<false>>;

} // namespace selvedge::codec::h2
