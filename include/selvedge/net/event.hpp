// A coroutine waits for something that other code on the same worker will announce. Setting it
// before the wait is remembered: nothing is lost. Thread: one worker.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace selvedge::net {

class Event {
public:
  explicit Event(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (act_ != nullptr) act_(*this, Act::drop);
  }

  // Ends when set() has been called since the last wait ended. At most one waiter.
  boost::asio::awaitable<void> wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) {
          if (is_set_) {
            is_set_ = false;
            boost::asio::post(executor_, std::move(handler));
            return;
          }
          keep(std::move(handler));
        },
        boost::asio::use_awaitable);
  }

  // Who waits goes on later, from the loop.
  void set() {
    if (act_ == nullptr) {
      is_set_ = true;
      return;
    }
    std::exchange(act_, nullptr)(*this, Act::post);
  }
  // Who waits goes on before this returns, and may have destroyed the event by then: only for
  // callers that the loop called and that do nothing after it.
  void set_now() {
    if (act_ == nullptr) {
      is_set_ = true;
      return;
    }
    std::exchange(act_, nullptr)(*this, Act::resume);
  }
  void clear() { is_set_ = false; }

private:
  enum class Act { post, resume, drop };

  // The handler lives in the event: a wait allocates nothing.
  template <typename Handler> void keep(Handler handler) {
    static_assert(sizeof(Handler) <= sizeof storage_ && alignof(Handler) <= alignof(void*));
    ::new (static_cast<void*>(storage_)) Handler(std::move(handler));
    act_ = [](Event& event, Act act) {
      auto* kept = std::launder(reinterpret_cast<Handler*>(event.storage_));
      Handler moved(std::move(*kept));
      kept->~Handler();
      if (act == Act::post) boost::asio::post(event.executor_, std::move(moved));
      if (act == Act::resume) std::move(moved)();
    };
  }

  boost::asio::any_io_executor executor_;
  void (*act_)(Event&, Act) = nullptr; // null: nobody waits
  alignas(void*) std::byte storage_[6 * sizeof(void*)];
  bool is_set_ = false;
};

} // namespace selvedge::net
