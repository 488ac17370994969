// Loads pages of bundles while these are released, and looks whether each page got a whole: all of
// its assets of versions that were released together.
//
//   selvedge_page_loads SCENARIO PORT PAGES SECONDS USERS
//
// SCENARIO is a JSON file (page_scenario.hpp). Ends after so many pages, or so many seconds when
// that is sooner; the exit code is 1 when a page was mixed, a request failed, or none came through.
#include "../client/epoll.hpp"
#include "../client/program.hpp"
#include "page_user.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>

namespace selvedge::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct Bounds {
  std::uint16_t port;
  std::uint64_t pages;
  std::chrono::seconds seconds;
  std::size_t users;
};

class PageLoads {
public:
  PageLoads(PageScenario& scenario, const Bounds& bounds)
      : scenario_(scenario), bounds_(bounds), tally_(scenario.set_names().size()) {
    for (std::size_t i = 0; i < bounds.users; ++i) {
      users_.push_back(std::make_unique<PageUser>(scenario, tally_, bounds.port, i + 1));
      epoll_.add(users_.back()->descriptor(), i);
    }
  }

  void run();
  void print();
  bool is_good() const { return tally_.mixed == 0 && tally_.errors == 0 && tally_.pages > 0; }

private:
  struct Rest {
    Clock::time_point until;
    std::size_t user;
  };
  void advance(std::size_t user);
  bool begin_page(std::size_t user);
  void end_rests();

  PageScenario& scenario_;
  const Bounds bounds_;
  PageTally tally_;
  std::vector<std::unique_ptr<PageUser>> users_;
  Epoll epoll_;
  std::deque<Rest> resting_; // the first to go on in front
  std::size_t busy_ = 0;     // users with a page
  bool may_begin_ = true;
  double seconds_ = 0;
};

// Until this user waits for the node.
void PageLoads::advance(std::size_t user) {
  PageUser& one = *users_[user];
  while (one.advance()) {
    --busy_;
    if (one.is_closed()) {
      one.reconnect();
      epoll_.add(one.descriptor(), user);
    }
    if (one.rests()) {
      resting_.push_back({Clock::now() + scenario_.rest(), user});
      return;
    }
    if (!begin_page(user)) return;
  }
}

bool PageLoads::begin_page(std::size_t user) {
  if (!may_begin_ || tally_.begun == bounds_.pages) return false;
  users_[user]->begin_page();
  ++busy_;
  return true;
}

void PageLoads::end_rests() {
  for (; !resting_.empty() && resting_.front().until <= Clock::now(); resting_.pop_front()) {
    const std::size_t user = resting_.front().user;
    if (begin_page(user)) advance(user);
  }
}

void PageLoads::run() {
  const auto start = Clock::now();
  for (std::size_t i = 0; i < users_.size(); ++i) {
    if (begin_page(i)) advance(i);
  }
  constexpr std::chrono::seconds kPatience{10}; // for the last answers
  while (busy_ > 0 || (!resting_.empty() && tally_.begun < bounds_.pages && may_begin_)) {
    const auto since = Clock::now() - start;
    may_begin_ = since < bounds_.seconds;
    if (since > bounds_.seconds + kPatience) {
      tally_.add_error(std::to_string(busy_) + " pages do not come to an end");
      break;
    }
    end_rests();
    for (const epoll_event& event : epoll_.wait(std::chrono::milliseconds{10})) {
      PageUser& one = *users_[event.data.u64];
      if (!one.is_over()) advance(event.data.u64);
    }
  }
  seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
}

void PageLoads::print() {
  nlohmann::json sets = nlohmann::json::object();
  for (std::size_t i = 0; i < tally_.by_set.size(); ++i) {
    sets[scenario_.set_names()[i]] = tally_.by_set[i];
  }
  const nlohmann::json report{
      {"pages", tally_.pages},
      {"by_closure", tally_.by_closure},
      {"requests", tally_.requests},
      {"errors", tally_.errors},
      {"error_examples", tally_.error_examples},
      {"mixed", tally_.mixed},
      {"mixed_examples", tally_.mixed_examples},
      {"ambiguous", tally_.ambiguous},
      {"sessions", tally_.sessions},
      {"moved", tally_.moved},
      {"sets", std::move(sets)},
      {"seconds", seconds_},
      {"requests_per_second", static_cast<double>(tally_.requests) / seconds_},
      {"p50_us", tally_.latencies.at(0.5)},
      {"p99_us", tally_.latencies.at(0.99)},
  };
  std::printf("%s\n", report.dump(2).c_str());
}

int run(int argc, char** argv) {
  if (argc != 6) {
    throw std::runtime_error("usage: selvedge_page_loads SCENARIO PORT PAGES SECONDS USERS");
  }
  PageScenario scenario(argv[1]);
  const Bounds bounds{
      .port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)),
      .pages = std::strtoull(argv[3], nullptr, 10),
      .seconds = std::chrono::seconds(std::strtoul(argv[4], nullptr, 10)),
      .users = std::strtoul(argv[5], nullptr, 10),
  };
  allow_descriptors(bounds.users + 64);
  PageLoads loads(scenario, bounds);
  loads.run();
  loads.print();
  return loads.is_good() ? 0 : 1;
}

} // namespace

} // namespace selvedge::bench

int main(int argc, char** argv) {
  return selvedge::bench::run_program("selvedge_page_loads", selvedge::bench::run, argc, argv);
}
