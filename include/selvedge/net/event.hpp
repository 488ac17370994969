// A coroutine waits for something that other code on the same worker will announce. Setting it
// before the wait is remembered: nothing is lost. Thread: one worker.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace selvedge::net {

class Event;

// The events of a loop that somebody waits for. When the loop ends, those coroutines are destroyed,
// as Asio does with those that wait for its own operations: what they hold often holds the event.
class AwaitedEvents final : public boost::asio::execution_context::service {
public:
  using key_type = AwaitedEvents;
  static inline boost::asio::execution_context::id id;
  using Hook =
      boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  explicit AwaitedEvents(boost::asio::execution_context& context) : service(context) {}
  inline void add(Event& event);

private:
  inline void shutdown() override;
  boost::intrusive::list<Event, boost::intrusive::base_hook<Hook>,
                         boost::intrusive::constant_time_size<false>>
      events_;
};

class Event : public AwaitedEvents::Hook {
public:
  explicit Event(boost::asio::any_io_executor executor)
      : executor_(std::move(executor)),
        awaited_(boost::asio::use_service<AwaitedEvents>(
            boost::asio::query(executor_, boost::asio::execution::context))) {}
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
    unlink();
    std::exchange(act_, nullptr)(*this, Act::post);
  }
  // Who waits goes on before this returns, and may have destroyed the event by then: only for
  // callers that the loop called and that do nothing after it.
  void set_now() {
    if (act_ == nullptr) {
      is_set_ = true;
      return;
    }
    unlink();
    std::exchange(act_, nullptr)(*this, Act::resume);
  }
  void clear() { is_set_ = false; }

private:
  friend class AwaitedEvents;
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
    awaited_.add(*this);
  }

  boost::asio::any_io_executor executor_;
  AwaitedEvents& awaited_;
  void (*act_)(Event&, Act) = nullptr; // null: nobody waits
  alignas(void*) std::byte storage_[6 * sizeof(void*)];
  bool is_set_ = false;
};

void AwaitedEvents::add(Event& event) {
  events_.push_back(event);
}

void AwaitedEvents::shutdown() {
  while (!events_.empty()) {
    Event& event = events_.front();
    event.unlink();
    std::exchange(event.act_, nullptr)(event, Event::Act::drop);
  }
}

} // namespace selvedge::net
