// Where answers come from. Whatever makes the patterns is one Origin behind one verb: fetch().
// Thread: an origin belongs to one worker; each worker has its own.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/base/error.hpp>
#include <selvedge/http/body_source.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/net/worker.hpp>
#include <selvedge/overload/concurrency_limiter.hpp>
#include <selvedge/overload/importance.hpp>
#include <selvedge/upstream/fetch_latency.hpp>
#include <selvedge/upstream/options.hpp>
#include <selvedge/upstream/origin_state.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace selvedge::upstream {

// Written by one worker, read by anyone.
struct OriginCounters {
  base::Counter requests;
  base::Counter errors;
  base::Counter timeouts;
  base::Counter retries;
  base::Counter connections; // opened
  base::Counter reused;
  base::Counter inflight;
  base::Counter bytes_read;
  base::Counter hedges; // second questions while the first was still open
  base::Counter hedges_won;
  base::Counter queued;           // waited for room
  base::Counter waiting;          // do so now
  base::Counter refused_queue;    // no room in the queue
  base::Counter refused_wait;     // waited too long
  base::Counter refused_breaker;  // the origin mostly fails
  base::Counter refused_throttle; // the origin refuses much of what it is asked
  base::Counter breaker_opened;   // how often
  base::Counter breaker_is_open;  // 1: now
  base::Counter limit;            // fetches at once, of all servers together
  base::Counter panics;           // choices among servers that are all unwell
};

// Lets whoever started a fetch end it early. A fetch that is cancelled fails with `cancelled`.
class Cancellation {
public:
  enum class Reason : std::uint8_t {
    none,
    unwanted, // nobody asks any more
    too_slow, // it took longer than it may, or another server was faster: the server's doing
  };
  class Target {
  public:
    virtual void cancel() = 0;

  protected:
    ~Target() = default;
  };
  void cancel(Reason reason = Reason::unwanted) {
    reason_ = reason;
    if (target_ != nullptr) target_->cancel();
  }
  bool is_cancelled() const { return reason_ != Reason::none; }
  Reason reason() const { return reason_; }
  void set_target(Target* target) { target_ = target; }

private:
  Target* target_ = nullptr;
  Reason reason_ = Reason::none;
};

// Who is told of interim responses (RFC 9110, 15.2): 102, 103 and those unknown; 100 is between
// the node and the server, 101 an error. Thread: the worker of the origin.
class InterimSink {
public:
  virtual void on_interim(const http::ResponseHead& head) = 0;

protected:
  ~InterimSink() = default;
};

// What is asked of an origin. Everything it refers to lives until the fetch has ended.
struct FetchRequest {
  const http::RequestHead* head =
      nullptr;                         // fields as they are to be sent, without Host and framing
  http::BodySource* content = nullptr; // of the request; null: none
  Cancellation* cancellation = nullptr;
  InterimSink* interim = nullptr;
  std::string_view key; // of the cache, for servers that own shares of the keys
  overload::Importance importance = overload::Importance::premium;
  FetchLatency* latency = nullptr; // of the route's fetches: when a second server is asked
};

// An answer on its way. Destroying it before its end closes the connection, or resets the stream,
// that it came on.
class OriginResponse {
public:
  // What lasts as long as the response does: its place at the server.
  class Companion {
  public:
    virtual ~Companion() = default;
    // The content broke off.
    virtual void on_failure(const base::Error& error) = 0;
  };
  virtual ~OriginResponse() = default;
  const http::ResponseHead& head() const { return head_; }
  // The next bytes of the content, valid until the next call; empty at its end.
  virtual boost::asio::awaitable<base::Result<std::string_view>> read() = 0;
  // The same; they may have been written to the front of `room`, which spares the reader a copy.
  virtual boost::asio::awaitable<base::Result<std::string_view>>
  read_into(std::span<char> /*room*/) {
    return read();
  }
  // The trailer section, once read() has said that the content is at its end.
  const http::FieldList& trailers() const { return trailers_; }

  // Gives back the one before.
  std::unique_ptr<Companion> accompany(std::unique_ptr<Companion> companion) {
    return std::exchange(companion_, std::move(companion));
  }
  // The reader says that read() has failed.
  void note_failure(const base::Error& error) {
    if (companion_) companion_->on_failure(error);
  }

protected:
  http::ResponseHead head_;
  http::FieldList trailers_;

private:
  std::unique_ptr<Companion> companion_;
};
using OriginResponsePtr = std::unique_ptr<OriginResponse>;

class Origin {
public:
  virtual ~Origin() = default;
  virtual boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) = 0;
  // Closes connections that nobody uses.
  virtual void close_idle() {}
  // How much of what may be under way at once each importance sees. For origins with servers.
  virtual void set_rooms(const overload::ConcurrencyRooms& /*rooms*/) {}
  virtual const OriginCounters& counters() const { return counters_; }
  // For the whole of a fetch, as whoever asks sees it; 0: as long as it takes.
  virtual std::chrono::milliseconds fetch_timeout() const { return {}; }
  // Whether its servers are nodes such as this one.
  virtual bool is_shield() const { return false; }
  // Of its servers, shared with the other workers; null when it has none.
  virtual OriginStatePtr state() const { return nullptr; }

protected:
  OriginCounters counters_;
};

// `state` was made of the same options; null where there are no servers. Throws std::runtime_error
// that names the problem (a root that is no directory, a bad address).
std::shared_ptr<Origin> make_origin(const OriginOptions& options, net::Worker& worker,
                                    OriginStatePtr state);

} // namespace selvedge::upstream
