// Where answers come from. Whatever makes the patterns is one Origin behind one verb: fetch().
// Thread: an origin belongs to one worker; each worker has its own.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/base/error.hpp>
#include <selvedge/http/body_source.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/net/worker.hpp>
#include <selvedge/upstream/options.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string_view>

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
};

// Lets whoever started a fetch end it early. A fetch that is cancelled fails with `cancelled`.
class Cancellation {
public:
  class Target {
  public:
    virtual void cancel() = 0;

  protected:
    ~Target() = default;
  };
  void cancel() {
    is_cancelled_ = true;
    if (target_ != nullptr) target_->cancel();
  }
  bool is_cancelled() const { return is_cancelled_; }
  void set_target(Target* target) { target_ = target; }

private:
  Target* target_ = nullptr;
  bool is_cancelled_ = false;
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
};

// An answer on its way. Destroying it before its end closes the connection it came on.
class OriginResponse {
public:
  virtual ~OriginResponse() = default;
  const http::ResponseHead& head() const { return head_; }
  // The next bytes of the content, valid until the next call; empty at its end.
  virtual boost::asio::awaitable<base::Result<std::string_view>> read() = 0;
  // The trailer section, once read() has said that the content is at its end.
  const http::FieldList& trailers() const { return trailers_; }

protected:
  http::ResponseHead head_;
  http::FieldList trailers_;
};
using OriginResponsePtr = std::unique_ptr<OriginResponse>;

class Origin {
public:
  virtual ~Origin() = default;
  virtual boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) = 0;
  // Closes connections that nobody uses.
  virtual void close_idle() {}
  const OriginCounters& counters() const { return counters_; }

protected:
  OriginCounters counters_;
};

// Throws std::runtime_error that names the problem (a root that is no directory, a bad address).
std::shared_ptr<Origin> make_origin(const OriginOptions& options, net::Worker& worker);

} // namespace selvedge::upstream
