#include <selvedge/net/worker.hpp>

namespace selvedge::net {

namespace {
constexpr base::Millis kTick{50};
}

Worker::Worker(unsigned index, const base::Clock& clock)
    : index_(index), clock_(clock), now_(clock.now()), wheel_(now_.steady, kTick),
      input_(kBufferBytes), output_(kBufferBytes), io_(1), ticker_(io_) {}

void Worker::tick() {
  refresh_now();
  wheel_.advance(now_.steady);
}

void Worker::schedule_tick() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    schedule_tick();
  });
}

void Worker::run() {
  const auto guard = boost::asio::make_work_guard(io_);
  refresh_now();
  schedule_tick();
  io_.run();
  ticker_.cancel();
}

WorkerPool::WorkerPool(unsigned count, const base::Clock& clock) {
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(i, clock));
}

WorkerPool::~WorkerPool() {
  stop_and_join();
}

void WorkerPool::start() {
  for (auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
}

void WorkerPool::stop_and_join() {
  if (threads_.empty()) return;
  for (auto& worker : workers_) worker->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

} // namespace selvedge::net
