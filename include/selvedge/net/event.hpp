// A coroutine waits for something that other code on the same worker will announce. Setting it
// before the wait is remembered: nothing is lost. Thread: one worker.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace selvedge::net {

class Event {
public:
  explicit Event(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // Ends when set() has been called since the last wait ended. At most one waiter.
  boost::asio::awaitable<void> wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) {
          if (is_set_) {
            is_set_ = false;
            boost::asio::post(executor_, std::move(handler));
            return;
          }
          waiter_ = std::make_unique<Waiting<decltype(handler)>>(std::move(handler));
        },
        boost::asio::use_awaitable);
  }

  void set() {
    if (!waiter_) {
      is_set_ = true;
      return;
    }
    std::unique_ptr<Waiter> waiter = std::move(waiter_);
    waiter->resume(executor_);
  }

private:
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void resume(const boost::asio::any_io_executor& executor) = 0;
  };
  template <typename Handler> struct Waiting final : Waiter {
    explicit Waiting(Handler h) : handler(std::move(h)) {}
    void resume(const boost::asio::any_io_executor& executor) override {
      boost::asio::post(executor, std::move(handler));
    }
    Handler handler;
  };

  boost::asio::any_io_executor executor_;
  std::unique_ptr<Waiter> waiter_;
  bool is_set_ = false;
};

} // namespace selvedge::net
