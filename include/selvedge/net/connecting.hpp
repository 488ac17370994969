// The way to a server while it is being made: its name is resolved, then a connection begun.
// Whoever started that may end it early, at any time. Thread: one worker.
#pragma once

#include <selvedge/net/event.hpp>

namespace selvedge::net {

// Lives until what was started with it has ended; one thing at a time.
class Connecting {
public:
  explicit Connecting(boost::asio::any_io_executor executor) : changed_(std::move(executor)) {}

  // What is under way, and whatever is started later, ends with `cancelled`.
  void cancel() {
    is_cancelled_ = true;
    changed_.set();
  }
  bool is_cancelled() const { return is_cancelled_; }

  // For those who make the way: set when something they wait for has happened.
  Event& changed() { return changed_; }

private:
  Event changed_;
  bool is_cancelled_ = false;
};

} // namespace selvedge::net
