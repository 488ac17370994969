// An open-loop client: requests are due at times that do not depend on the answers (a Poisson
// process), and a latency counts from when its request was due. A client that waits for an answer
// before it asks again asks less while a server stalls, and so hides the stall. It never sleeps:
// give it a core of its own; or SCHED_FIFO (chrt -f): then it goes before others on its core, and
// naps for 40 us between two looks, in which these have it.
//
//   selvedge_open_loop h1|h2c|h1tls|h2tls PORT PATH RATE SECONDS CONNECTIONS
//
// The first quarter is warm-up and not counted. `late` is how long after its time a request was
// sent, because the client was busy or every connection was: when that is much of the latency, the
// rate is more than client or server can do.
#include "epoll.hpp"
#include "exchange_line.hpp"
#include "latencies.hpp"
#include "program.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <thread>

namespace selvedge::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Us = std::chrono::duration<double, std::micro>;

constexpr std::chrono::microseconds kNap{40};
constexpr std::chrono::seconds kPatience{5}; // to connect; for the last answers

struct Load {
  std::string protocol;
  std::uint16_t port;
  std::string path;
  double rate; // requests a second
  double seconds;
  std::size_t connections;
};

class OpenLoop {
public:
  explicit OpenLoop(const Load& load);
  void run();
  void print();

private:
  void connect_all();
  void issue(Us now);
  void take_answers();
  std::size_t next_with_room();
  Us since_start() const { return Clock::now() - start_; }

  Load load_;
  TlsContext context_;
  std::vector<std::unique_ptr<ExchangeLine>> lines_;
  Epoll epoll_;
  Clock::time_point start_;
  std::vector<Us> due_;  // when each request is to be sent, from the start
  std::size_t sent_ = 0; // of them, in order
  std::size_t answered_ = 0;
  std::size_t first_counted_ = 0;
  std::size_t turn_ = 0; // the line that is asked first
  std::vector<bool> is_touched_;
  std::vector<std::size_t> touched_; // lines with something to send
  Latencies latencies_;
  Latencies late_;
};

std::vector<Us> poisson(double rate, double seconds) {
  std::mt19937_64 random(1); // the same arrivals for every server
  std::exponential_distribution<double> gap(rate / 1e6);
  std::vector<Us> due;
  due.reserve(static_cast<std::size_t>(rate * seconds * 1.1));
  for (double at = gap(random); at < seconds * 1e6; at += gap(random)) due.emplace_back(at);
  return due;
}

OpenLoop::OpenLoop(const Load& load)
    : load_(load), due_(poisson(load.rate, load.seconds)), is_touched_(load.connections),
      latencies_(due_.size()), late_(due_.size()) {
  while (first_counted_ < due_.size() && due_[first_counted_].count() < load.seconds * 250'000) {
    ++first_counted_;
  }
  const bool is_h2 = load.protocol.starts_with("h2");
  if (load.protocol.ends_with("tls")) context_ = client_context(is_h2 ? "h2" : "http/1.1");
  const ExchangeLine::Options options{
      .connection = {.port = load.port, .context = context_.get()},
      .is_h2 = is_h2,
      .authority = "127.0.0.1:" + std::to_string(load.port),
      .path = load.path,
  };
  for (std::size_t i = 0; i < load.connections; ++i) {
    lines_.push_back(std::make_unique<ExchangeLine>(options));
    epoll_.add(lines_.back()->descriptor(), i);
  }
}

void OpenLoop::connect_all() {
  const auto deadline = Clock::now() + kPatience;
  std::vector<bool> is_open(lines_.size());
  for (std::size_t open = 0; open < lines_.size();) {
    for (const epoll_event& event : epoll_.wait(std::chrono::milliseconds{100})) {
      const std::size_t line = event.data.u64;
      if (is_open[line] || !lines_[line]->open()) continue;
      is_open[line] = true;
      ++open;
    }
    if (Clock::now() > deadline) throw std::runtime_error("connections do not open in time");
  }
}

// In turns, so that all carry the same share; lines_.size() when each is full.
std::size_t OpenLoop::next_with_room() {
  for (std::size_t tried = 0; tried < lines_.size(); ++tried) {
    const std::size_t line = turn_;
    turn_ = turn_ + 1 == lines_.size() ? 0 : turn_ + 1;
    if (lines_[line]->has_room()) return line;
  }
  return lines_.size();
}

// Sends all that is due; what finds no room stays due.
void OpenLoop::issue(Us now) {
  for (; sent_ < due_.size() && due_[sent_] <= now; ++sent_) {
    const std::size_t line = next_with_room();
    if (line == lines_.size()) break;
    lines_[line]->request(sent_);
    if (sent_ >= first_counted_) late_.add((now - due_[sent_]).count());
    if (!is_touched_[line]) touched_.push_back(line);
    is_touched_[line] = true;
  }
  for (const std::size_t line : touched_) {
    lines_[line]->flush();
    is_touched_[line] = false;
  }
  touched_.clear();
}

void OpenLoop::take_answers() {
  for (const epoll_event& event : epoll_.wait({})) {
    ExchangeLine& line = *lines_[event.data.u64];
    const std::vector<ExchangeLine::Id>& done = line.receive();
    const Us now = since_start();
    for (const ExchangeLine::Id id : done) {
      ++answered_;
      if (id >= first_counted_) latencies_.add((now - due_[id]).count());
    }
    line.flush();
  }
}

void OpenLoop::run() {
  connect_all();
  start_ = Clock::now();
  const Us deadline = std::chrono::duration<double>(load_.seconds) + kPatience;
  const bool may_nap = ::sched_getscheduler(0) == SCHED_FIFO;
  while (answered_ < due_.size()) {
    const Us now = since_start();
    if (now > deadline) break;
    issue(now);
    take_answers();
    if (may_nap) std::this_thread::sleep_for(kNap);
  }
}

void OpenLoop::print() {
  std::printf("{\"requests\": %zu, \"unanswered\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, "
              "\"p999_us\": %.1f, \"late_p50_us\": %.1f, \"late_p99_us\": %.1f}\n",
              latencies_.count(), due_.size() - answered_, latencies_.at(0.5), latencies_.at(0.99),
              latencies_.at(0.999), late_.at(0.5), late_.at(0.99));
}

int run(int argc, char** argv) {
  if (argc != 7) {
    throw std::runtime_error("usage: selvedge_open_loop h1|h2c|h1tls|h2tls PORT PATH RATE SECONDS"
                             " CONNECTIONS");
  }
  const Load load{
      .protocol = argv[1],
      .port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)),
      .path = argv[3],
      .rate = std::strtod(argv[4], nullptr),
      .seconds = std::strtod(argv[5], nullptr),
      .connections = std::strtoul(argv[6], nullptr, 10),
  };
  // All that a run may send; it also keeps the stream numbers within their 31 bits.
  constexpr double kMostRequests = 1e8;
  if (!(load.rate > 0 && load.seconds > 0 && load.rate * load.seconds < kMostRequests)) {
    throw std::runtime_error("RATE x SECONDS is between 0 and 1e8");
  }
  allow_descriptors(load.connections + 64);
  OpenLoop loop(load);
  loop.run();
  loop.print();
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_open_loop", selvedge::bench::run, argc, argv);
}
