// The load of ./dev soak: objects by Zipf's law over HTTP/1.1 and HTTP/2, in cleartext and over
// TLS, some in part and some conditional, and every byte of every answer checked against
// soak_content.hpp.
//
//   selvedge_soak_load PORT TLS_PORT RATE SECONDS OBJECTS CONNECTIONS SEED
//
// RATE requests a second are due at times that do not depend on the answers; 0: each connection
// asks as soon as it has its answer. It says a line of JSON a second (soak_tally.hpp). What is due
// and finds no connection with room for two seconds is not sent, and counted as "unsent".
#include "epoll.hpp"
#include "program.hpp"
#include "soak_line.hpp"
#include "soak_tally.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <stdexcept>

namespace selvedge::bench {

namespace {

using Clock = SoakRequest::Clock;

constexpr std::chrono::seconds kMostWait{2};      // for room
constexpr std::chrono::seconds kMostPatience{25}; // for an answer
constexpr double kExponent = 0.9;                 // of Zipf's law

struct Load {
  std::uint16_t port, tls_port;
  double rate, seconds;
  std::uint64_t objects;
  std::size_t connections;
  std::uint64_t seed;
};

class SoakLoad {
public:
  explicit SoakLoad(const Load& load);
  void run();

private:
  SoakRequest drawn(Clock::time_point due);
  void arrive(Clock::time_point now);
  bool send_one(Clock::time_point due);
  void issue(Clock::time_point now);
  void advance(std::size_t line);
  void reconnect();
  void end_second(Clock::time_point now);

  Load load_;
  std::mt19937_64 random_;
  std::vector<double> cumulated_; // the shares of the objects up to each
  TlsContext h1_tls_ = client_context("http/1.1");
  TlsContext h2_tls_ = client_context("h2");
  Epoll epoll_;
  std::vector<SoakLine> lines_;
  std::vector<std::size_t> closed_; // lines to be connected again
  std::size_t turn_ = 0;
  bool is_full_ = false; // no line has room until one has an answer
  std::deque<Clock::time_point> due_;
  Clock::time_point start_ = Clock::now(), next_ = start_, second_ = start_;
  std::vector<SoakEnd> ends_;
  std::array<char, 65536> scratch_;
  SoakTally tally_;
};

SoakLoad::SoakLoad(const Load& load) : load_(load), random_(load.seed) {
  double sum = 0;
  for (std::uint64_t rank = 1; rank <= load.objects; ++rank) {
    sum += std::pow(static_cast<double>(rank), -kExponent);
    cumulated_.push_back(sum);
  }
  constexpr std::size_t kStreams = 4;
  for (std::size_t i = 0; i < load.connections; ++i) {
    // Of ten: four HTTP/1.1, two of it over TLS, two HTTP/2, two of that over TLS.
    const std::size_t kind = i % 10;
    const bool is_h2 = kind >= 6, is_tls = kind == 4 || kind == 5 || kind >= 8;
    SoakLine::Options options{.connection = {.port = is_tls ? load.tls_port : load.port},
                              .is_h2 = is_h2,
                              .depth = is_h2 ? kStreams : 1};
    if (is_tls) options.connection.context = (is_h2 ? h2_tls_ : h1_tls_).get();
    lines_.emplace_back(options, load.seed + i);
    closed_.push_back(i);
  }
}

SoakRequest SoakLoad::drawn(Clock::time_point due) {
  const double at = std::uniform_real_distribution<double>(0, cumulated_.back())(random_);
  const auto rank =
      static_cast<std::uint64_t>(std::ranges::lower_bound(cumulated_, at) - cumulated_.begin());
  SoakRequest request{.due = due, .object = SoakObject::numbered(rank)};
  const std::uint64_t of_hundred = random_() % 100;
  if (of_hundred < 5) {
    request.kind = SoakRequest::Kind::range;
    request.first = random_() % request.object.size;
    request.last = request.first + random_() % (request.object.size - request.first);
  } else if (of_hundred < 8) {
    request.kind = SoakRequest::Kind::conditional;
  }
  return request;
}

void SoakLoad::arrive(Clock::time_point now) {
  if (load_.rate <= 0) return;
  std::exponential_distribution<double> gap(load_.rate);
  for (; next_ <= now; next_ += std::chrono::nanoseconds(std::lround(gap(random_) * 1e9))) {
    due_.push_back(next_);
  }
  for (; !due_.empty() && due_.front() + kMostWait < now; due_.pop_front()) tally_.add_unsent();
}

bool SoakLoad::send_one(Clock::time_point due) {
  for (std::size_t tried = 0; tried < lines_.size(); ++tried) {
    const std::size_t line = turn_;
    turn_ = turn_ + 1 == lines_.size() ? 0 : turn_ + 1;
    if (!lines_[line].is_connected() || !lines_[line].has_room()) continue;
    lines_[line].request(drawn(due));
    advance(line);
    return true;
  }
  is_full_ = true;
  return false;
}

// A few at a time: answers that come at once must not keep it from those that come later.
void SoakLoad::issue(Clock::time_point now) {
  constexpr int kAtOnce = 64;
  for (int sent = 0; sent < kAtOnce && !is_full_; ++sent) {
    const bool is_open_loop = load_.rate > 0;
    if (is_open_loop && due_.empty()) return;
    if (!send_one(is_open_loop ? due_.front() : now)) return;
    if (is_open_loop) due_.pop_front();
  }
}

void SoakLoad::advance(std::size_t line) {
  if (!lines_[line].is_connected()) return;
  if (lines_[line].advance(scratch_, ends_) || lines_[line].has_room()) is_full_ = false;
  if (!lines_[line].is_connected()) closed_.push_back(line);
  for (const SoakEnd& end : ends_) tally_.add(end);
  ends_.clear();
}

void SoakLoad::reconnect() {
  std::vector<std::size_t> closed;
  closed.swap(closed_);
  for (const std::size_t line : closed) {
    lines_[line].connect();
    epoll_.add(lines_[line].descriptor(), line);
  }
}

void SoakLoad::end_second(Clock::time_point now) {
  std::size_t connections = 0;
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    tally_.add_unopened(lines_[line].take_unopened());
    if (!lines_[line].is_connected()) continue;
    ++connections;
    lines_[line].give_up_before(now - kMostPatience, ends_);
    if (!lines_[line].is_connected()) closed_.push_back(line);
  }
  for (const SoakEnd& end : ends_) tally_.add(end);
  ends_.clear();
  tally_.print(std::chrono::duration<double>(now - start_).count(), due_.size(), connections);
  second_ += std::chrono::seconds{1};
}

void SoakLoad::run() {
  const auto end = start_ + std::chrono::nanoseconds(std::lround(load_.seconds * 1e9));
  constexpr std::chrono::nanoseconds kLongest = std::chrono::milliseconds{20};
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    reconnect();
    arrive(now);
    issue(now);
    if (now >= second_ + std::chrono::seconds{1}) end_second(now);
    auto patience = is_full_ ? kLongest : std::chrono::nanoseconds{0};
    if (load_.rate > 0 && due_.empty()) patience = next_ - Clock::now();
    for (const epoll_event& event :
         epoll_.wait(std::clamp<std::chrono::nanoseconds>(patience, {}, kLongest))) {
      advance(event.data.u64);
    }
  }
  end_second(Clock::now());
}

int run(int argc, char** argv) {
  if (argc != 8) {
    throw std::runtime_error(
        "usage: selvedge_soak_load PORT TLS_PORT RATE SECONDS OBJECTS CONNECTIONS SEED");
  }
  const Load load{
      .port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
      .tls_port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)),
      .rate = std::strtod(argv[3], nullptr),
      .seconds = std::strtod(argv[4], nullptr),
      .objects = std::strtoull(argv[5], nullptr, 10),
      .connections = std::strtoul(argv[6], nullptr, 10),
      .seed = std::strtoull(argv[7], nullptr, 10),
  };
  if (load.objects == 0 || load.connections == 0) throw std::runtime_error("nothing to ask for");
  allow_descriptors(load.connections + 64);
  SoakLoad(load).run();
  return 0;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_soak_load", selvedge::bench::run, argc, argv);
}
