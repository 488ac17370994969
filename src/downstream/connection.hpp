// What every client connection has: a transport, a place in its worker's set, one timer, and output
// that was too much for the socket.
// Thread: the worker of the connection.
#pragma once

#include <selvedge/downstream/acceptor.hpp>
#include <selvedge/net/transport.hpp>

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <string>

namespace selvedge::downstream {

class H2StreamPool;

using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct ConnectionTag>>;

// What is known of a connection when its first bytes have come.
struct Arrival {
  std::unique_ptr<net::Transport> transport;
  ClientConnection client;
  Seat seat;
  bool is_shared = false; // it carries requests of many customers
};

class Connection : public net::TransportOwner, public ConnectionHook {
public:
  Connection(Arrival arrival, ConnectionSet& set, RequestHandler& handler);
  ~Connection() override;

  // Enters the set and processes `first`, the bytes that were read already.
  void start(std::string_view first);
  virtual void begin_drain() = 0;
  // Ends the connection; requests under way learn that their client has gone.
  void close();
  // As close(), and its client learns that something is missing.
  void cut_off();
  bool is_closed() const { return transport_ == nullptr; }

  void on_readable() final;
  void on_writable() final;

protected:
  // All of `bytes` are taken: used, or kept with keep_input().
  virtual void on_input(std::string_view bytes) = 0;
  virtual void on_end_of_input() = 0;
  virtual void on_output_drained() = 0; // what was pending has gone out
  virtual void on_timeout() = 0;        // counts what was too slow
  virtual void on_closing() = 0;        // streams must be ended
  // A turn that go_on_later() has asked for: for output that is left. Input follows.
  virtual void on_turn() = 0;

  net::Worker& worker();
  const Limits& limits() const { return limits_; }
  Counters& counters();
  void arm(std::chrono::milliseconds delay);
  void disarm() { timer_.disarm(); }
  bool is_armed() const { return timer_.is_armed(); }

  // Input that waits for more bytes, or for its turn.
  void keep_input(std::string_view bytes) { kept_input_.assign(bytes); }
  std::size_t kept_input() const { return kept_input_.size(); }
  void pause_reading() { reading_paused_ = true; }
  // Processes what was kept, then reads on.
  void resume_reading();
  bool is_reading_paused() const { return reading_paused_; }
  // What is left to be done has its turn when others have had theirs. Nothing is read until then.
  void go_on_later() { go_on_later(lane()); }
  void go_on_later(overload::Lane lane);
  bool is_going_on() const { return continuation_.is_ready(); }

  // Who asks, from now on, for as long as others do not: what is read next waits for its turn
  // accordingly. Who matters more is believed at once, who matters less after three requests.
  void note_asker(const Standing& standing);
  // Whether the last answer was a refusal.
  void note_answer(const Stream& stream) { was_refused_ = stream.is_refusal(); }

  // Writes `parts`, the first `own` bytes of which are ours to keep when the socket is full.
  // Returns how many bytes behind those were written; sets is_blocked() when the rest has to wait.
  std::size_t write(std::span<const iovec> parts, std::size_t own);
  bool is_blocked() const { return blocked_; }
  // Requires: is_blocked(). Goes out behind what is pending.
  void append_pending(std::string_view bytes) { pending_output_.append(bytes); }
  // It ends as soon as its client has what was written.
  bool is_ending() const { return lingering_ || linger_after_output_; }
  // The client may read what was written; then the connection ends.
  // A client that has broken the rules has less time for that: it may come back a thousand times a
  // second, and each connection that waits takes a place.
  void close_after_output(bool is_fault = false);

  ConnectionSet& set_;
  RequestHandler& handler_;
  ClientConnection client_;

private:
  struct Deadline final : base::Timer {
    explicit Deadline(Connection& c) : connection(c) {}
    void on_timeout() override;
    Connection& connection;
  };
  struct Continuation final : overload::ReadyItem {
    explicit Continuation(Connection& c) : connection(c) {}
    void on_turn() override;
    Connection& connection;
    boost::intrusive_ptr<Connection> keep; // while it waits
  };
  void go_on();
  overload::Lane lane();
  std::uint64_t tenant() const;
  void give_ticket(const Standing& standing);
  void process(std::string_view fresh);
  void discard_input();
  void wait_readable();
  void wait_writable();

  std::unique_ptr<net::Transport> transport_;
  Seat seat_;
  const Limits limits_;
  Deadline timer_{*this};
  Continuation continuation_{*this};
  Standing asker_;                   // of the last requests
  std::uint8_t lesser_requests_ = 0; // in a row, that matter less than that
  bool has_asked_ = false;
  bool was_refused_ = false;
  const bool is_shared_;
  bool has_ticket_ = false;
  policy::Identity ticket_; // whom the last ticket is about
  std::string kept_input_;
  std::string pending_output_;
  bool reading_paused_ = false;
  bool is_waiting_readable_ = false;
  bool is_processing_ = false;
  bool blocked_ = false;
  bool lingering_ = false; // the answer is out; input is thrown away until the client closes
  bool linger_after_output_ = false;
  bool is_cut_off_ = false;
  bool is_at_fault_ = false;
};

using ArrivingHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                     boost::intrusive::tag<struct ArrivingTag>>;

// Who has not said yet what it speaks.
class Arriving : public ArrivingHook {
public:
  virtual void end() = 0; // it leaves the list, and may destroy itself

protected:
  ~Arriving() = default;
};

// The connections of one worker.
class ConnectionSet {
public:
  // One of `sets`, which share the limits of the node evenly.
  ConnectionSet(net::Worker& worker, std::size_t sets, std::atomic<std::size_t>& open);
  ~ConnectionSet();

  net::Worker& worker() { return worker_; }
  Counters& counters() { return counters_; }
  const Limits& limits() const { return limits_; }
  void set_limits(const Limits& limits) { limits_ = limits; }
  bool is_draining() const { return draining_; }
  void begin_drain();
  void close_all();

  void add(Arriving& arriving) { arriving_.push_back(arriving); }
  void add(Connection& connection);
  void remove(Connection& connection);
  H2StreamPool& stream_pool() { return *stream_pool_; }

  // Whether the contents of requests hold all the memory that is for those of such importance: the
  // last quarter is for premium ones.
  bool is_crowded_by_bodies(overload::Importance importance) const {
    const std::uint64_t all = std::max(limits_.bodies_buffer / sets_, limits_.body_buffer * 4);
    const bool is_premium = importance == overload::Importance::premium;
    return held_content_ >= (is_premium ? all : all / 4 * 3);
  }
  // Beyond that a connection may still have a few, up to twice as many in all.
  bool is_crowded_by_streams(bool has_few) const {
    return open_streams_ / (has_few ? 2 : 1) >= limits_.all_streams / sets_;
  }
  std::uint64_t& held_content() { return held_content_; } // bytes
  std::uint64_t& open_streams() { return open_streams_; }

private:
  net::Worker& worker_;
  const std::size_t sets_;
  std::uint64_t held_content_ = 0;
  std::uint64_t open_streams_ = 0; // of HTTP/2
  std::atomic<std::size_t>& open_;
  Limits limits_;
  Counters counters_;
  bool draining_ = false;
  std::unique_ptr<H2StreamPool> stream_pool_;
  boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>> list_;
  boost::intrusive::list<Arriving, boost::intrusive::base_hook<ArrivingHook>,
                         boost::intrusive::constant_time_size<false>>
      arriving_;
};

} // namespace selvedge::downstream
