// A byte stream to a peer, with TLS or without: non-blocking reads and writes, and a wait for the
// moment that one can go on. Nothing is buffered here while a connection is idle.
// Thread: the worker of the connection.
#pragma once

#include <selvedge/overload/ready_lists.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>
#include <vector>

namespace selvedge::net {

enum class IoState : unsigned char {
  ok,
  blocked, // nothing more can be done now: wait
  closed,  // the peer ended its side, cleanly or not
};

struct IoResult {
  IoState state = IoState::ok;
  std::size_t bytes = 0;
  bool may_have_more = false; // of a read: try again before waiting
  // Of a read that found the end: it was not the peer's word that nothing follows (a reset, TLS
  // without close_notify), so what ends with the stream may have been cut off.
  bool is_cut_off = false;
  // Of a write: what was taken has not all gone out. Nothing more is taken before on_writable().
  bool is_holding = false;
};

enum class Direction : unsigned char { read, write };

// What TLS tells of a client, as soon as it is known. Views live as long as the transport.
struct TlsPeer {
  static constexpr std::size_t kNoteBytes = 16;

  std::string_view server_name;               // SNI (RFC 6066, 3), lower case; empty: none
  bool resumes = false;                       // it has offered a ticket of ours
  std::string_view protocol;                  // agreed on by ALPN (RFC 7301); empty: none
  std::vector<std::string> certificate_names; // of a verified client certificate: CN, DNS, URI
  std::string_view note;                      // that came back in a ticket of give_ticket()
};

// Who reads and writes a transport. A wait under way keeps its owner alive.
class TransportOwner
    : public boost::intrusive_ref_counter<TransportOwner, boost::thread_unsafe_counter> {
public:
  virtual ~TransportOwner() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

class Transport {
public:
  virtual ~Transport() = default;

  virtual IoResult read(std::span<char> into) = 0;
  // Writes from the front of `parts`. A write that was blocked must be repeated with the same bytes
  // at the front.
  virtual IoResult write(std::span<const iovec> parts) = 0;
  // Calls owner.on_readable() or on_writable() once, from the loop; also when the peer has gone. At
  // most one wait a direction at a time.
  virtual void wait(Direction direction, TransportOwner& owner) = 0;
  // No more output; the peer sees the end of the stream.
  virtual void shut_down_output() = 0;
  // Ends everything. A call that is already on its way may still come.
  virtual void close() = 0;
  // As close(), and the peer learns that what it has got may not be all (RST).
  virtual void reset() { close(); }

  virtual bool is_secure() const = 0;
  virtual std::string_view peer_address() const = 0; // without the port, for logs
  // The peer is known to send nothing more, whatever of it was not read yet.
  virtual bool has_ended() const { return false; }
  // Where its owner waits to be called, from now on: of which class its work is, and whose.
  virtual void set_turn(overload::Lane /*lane*/, std::uint64_t /*tenant*/) {}

  // --- of TLS, towards clients
  // Null without TLS.
  virtual const TlsPeer* tls_peer() const { return nullptr; }
  // The client has said hello, and the handshake will cost something: a read goes no further before
  // proceed(). In between set_turn() may say whose cost that is.
  virtual bool awaits_handshake() const { return false; }
  virtual void proceed() {}
  // The client may resume this session by a ticket that will bring the note back: at most
  // TlsPeer::kNoteBytes of it. It goes out with what is written next. Nothing before TLS 1.3, which
  // gives its tickets in the handshake.
  virtual void give_ticket(std::string_view /*note*/) {}
};

} // namespace selvedge::net
