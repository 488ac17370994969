#include <selvedge/net/worker.hpp>

#include <selvedge/base/process_memory.hpp>

#include <algorithm>

namespace selvedge::net {

using overload::Lane;

namespace {

constexpr base::Millis kTick{50};

// A poll that found so many is followed by another at once: more will have come meanwhile. After so
// many of them the loop's other work has its turn.
constexpr std::size_t kMany = 8;
constexpr int kPollsInTurn = 4;

// While much is ready, who matters more may have become ready meanwhile: it is looked for so often.
constexpr std::chrono::microseconds kPollEvery{50};
// Then Asio's work has its turn: timers, fetches, new connections.
constexpr std::chrono::microseconds kReadyTime{1000};
constexpr std::chrono::microseconds kTurn{80};
constexpr std::chrono::milliseconds kWeighEvery{200};

} // namespace

Worker::Worker(unsigned index, const base::Clock& clock)
    : index_(index), clock_(clock), now_(clock.now()), wheel_(now_.steady, kTick),
      input_(kInputBytes), output_(kOutputBytes), sealed_(kSealedBytes), lists_(now_.steady),
      turn_began_(now_.steady), polled_at_(now_.steady), looked_at_(now_.steady),
      weighed_at_(now_.steady), poller_(lists_), io_(1), ticker_(io_), sockets_(io_, poller_.fd()) {
  load_seen_.admitted.set(load_.admitted());
}

Worker::~Worker() {
  sockets_.release(); // the poller closes it
}

void Worker::tick() {
  refresh_now();
  wheel_.advance(now_.steady);
  look_at_load();
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
                        run_ready();
                        await_sockets();
                      });
}

// --- turns

void Worker::make_ready(overload::ReadyItem& item, Lane lane, std::uint64_t tenant) {
  lists_.add(item, lane, tenant, now_.steady);
  schedule_ready();
}

void Worker::schedule_ready() {
  if (runs_ready_ || ready_is_scheduled_) return;
  ready_is_scheduled_ = true;
  post([this] {
    ready_is_scheduled_ = false;
    run_ready();
  });
}

bool Worker::is_turn_over() {
  return refresh_now().steady - turn_began_ > kTurn;
}

void Worker::end_turn() {
  const std::chrono::nanoseconds spent = refresh_now().steady - turn_began_;
  lists_.charge(spent);
  load_.note_turn(work_, spent);
  turn_began_ = now_.steady;
}

std::size_t Worker::run_ready() {
  runs_ready_ = true;
  const base::Steady began = refresh_now().steady;
  std::size_t turns = 0;
  std::size_t found = poller_.poll(began);
  int polls = 1;
  polled_at_ = turn_began_ = began;
  while (now_.steady - began <= kReadyTime) {
    overload::ReadyItem* const item = lists_.next(now_.steady);
    if (item == nullptr) {
      if (found < kMany || polls >= kPollsInTurn) break;
      found = poller_.poll(now_.steady);
      polled_at_ = now_.steady;
      ++polls;
      continue;
    }
    ++turns;
    work_ = {};
    item->on_turn();
    end_turn();
    if (now_.steady - polled_at_ <= kPollEvery) continue;
    polled_at_ = now_.steady;
    found = poller_.poll(now_.steady);
  }
  runs_ready_ = false;
  look_at_load();
  if (!lists_.is_empty()) schedule_ready();
  return turns;
}

// --- load

void Worker::set_load_options(const WorkerLoadOptions& options) {
  load_.set_options(options.load);
  lists_.set_shares(options.shares);
  memory_limit_ = options.memory;
  if (memory_limit_ == 0) is_over_memory_ = false;
}

void Worker::look_at_load() {
  const std::chrono::nanoseconds elapsed = now_.steady - looked_at_;
  if (elapsed < overload::LoadController::kTick) return;
  looked_at_ = now_.steady;
  if (memory_limit_ > 0 && now_.steady - weighed_at_ > kWeighEvery) {
    weighed_at_ = now_.steady;
    is_over_memory_ = base::resident_bytes() > memory_limit_;
  }
  const std::chrono::nanoseconds used = clock_.thread_time();
  overload::LoadSample sample;
  sample.elapsed = elapsed;
  sample.busy = used - std::exchange(used_, used);
  sample.is_over_memory = is_over_memory_;
  for (std::size_t i = 0; i < overload::kLanes; ++i) {
    const auto lane = static_cast<Lane>(i);
    const overload::LaneCounters& counters = lists_.counters(lane);
    const LaneSeen fresh{counters.turns.value(), counters.spent_ns.value(),
                         counters.delay_ns.value()};
    const LaneSeen old = std::exchange(seen_[i], fresh);
    const std::chrono::nanoseconds spent{fresh.spent_ns - old.spent_ns};
    if (lane == Lane::handshake) sample.handshakes = spent;
    if (lane == Lane::background) sample.background = spent;
    if (lane == Lane::premium && fresh.turns > old.turns) {
      sample.most_important_delay =
          std::chrono::nanoseconds{(fresh.delay_ns - old.delay_ns) / (fresh.turns - old.turns)};
    }
    if (lane == Lane::premium || lane == Lane::standard || lane == Lane::free) {
      sample.oldest_wait = std::max(sample.oldest_wait, lists_.wait_of_next(lane, now_.steady));
    }
  }
  const overload::LoadLevel before = load_.level();
  const bool waited = load_.defers_unknown();
  if (load_.tick(sample)) tell_load(before, waited);
  load_seen_.level.set(static_cast<std::uint64_t>(load_.level()));
  load_seen_.admitted.set(load_.admitted());
  load_seen_.busy_permille.set(static_cast<std::uint64_t>(load_.busy_share() * 1000));
  load_seen_.busy_us.set(static_cast<std::uint64_t>(used.count()) / 1000);
  load_seen_.refused_us.set(static_cast<std::uint64_t>(load_.refused_time().count()) / 1000);
  load_seen_.strangers_wait.set(load_.defers_unknown() ? 1 : 0);
}

void Worker::tell_load(overload::LoadLevel before, bool strangers_waited) {
  if (events_ == nullptr) return;
  overload::Event event;
  event.time = now_.wall;
  event.worker = index_;
  event.why = load_.reason();
  if (before != load_.level()) {
    event.knob = "load-level";
    event.from = text_of(before);
    event.to = text_of(load_.level());
    events_->add(event);
  }
  if (strangers_waited != load_.defers_unknown()) {
    event.knob = "unknown-clients";
    event.from = strangers_waited ? "wait" : "are read";
    event.to = strangers_waited ? "are read" : "wait";
    events_->add(event);
  }
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
