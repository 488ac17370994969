// Readers of fills that have something to do, from any thread to the worker that serves them. A
// turn resumes a few and then lets the loop look at its sockets: ten thousand waiters of one fill
// do not starve other connections.
#pragma once

#include <selvedge/net/worker.hpp>

#include <boost/intrusive/list.hpp>

#include <memory>
#include <mutex>

namespace selvedge::proxy {

using WakeHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct WakeTag>>;

class WakeQueue : public std::enable_shared_from_this<WakeQueue> {
public:
  class Item : public WakeHook {
  public:
    // It may destroy itself and remove or add others.
    virtual void resume() = 0;

  protected:
    ~Item() = default;
  };

  explicit WakeQueue(net::Worker& worker) : worker_(worker) {}

  // Thread: any. Does nothing for one that is queued already.
  void push(Item& item);
  // Thread: the worker.
  void remove(Item& item);

private:
  static constexpr int kTurn = 32;
  void drain();

  net::Worker& worker_;
  std::mutex mutex_; // guards what follows
  boost::intrusive::list<Item, boost::intrusive::base_hook<WakeHook>> items_;
  bool is_scheduled_ = false;
};

} // namespace selvedge::proxy
