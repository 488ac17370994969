#include <selvedge/net/worker.hpp>

namespace selvedge::net {

namespace {

constexpr base::Millis kTick{50};

// A poll that found so many is followed by another at once: more will have come meanwhile. After so
// many of them the loop's other work has its turn.
constexpr std::size_t kMany = 8;
constexpr int kPollsInTurn = 4;

} // namespace

Worker::Worker(unsigned index, const base::Clock& clock)
    : index_(index), clock_(clock), now_(clock.now()), wheel_(now_.steady, kTick),
      input_(kInputBytes), output_(kOutputBytes), sealed_(kSealedBytes), io_(1), ticker_(io_),
      sockets_(io_, poller_.fd()) {}

Worker::~Worker() {
  sockets_.release(); // the poller closes it
}

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

void Worker::await_sockets() {
  sockets_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        for (int polls = 0; polls < kPollsInTurn; ++polls) {
                          if (poller_.poll() < kMany) break;
                        }
                        await_sockets();
                      });
}

void Worker::run() {
  const auto guard = boost::asio::make_work_guard(io_);
  refresh_now();
  schedule_tick();
  await_sockets();
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
