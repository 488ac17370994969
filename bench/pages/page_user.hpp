// Somebody before a browser: sessions of one to eight pages, one after the other, on a connection
// of HTTP/1.1 that lasts. A page asks for the entry of a bundle first, and for what belongs to it
// in two bursts after that; the session's cookie goes with every request and is kept as it comes.
// Owned and called by one thread.
#pragma once

#include "../client/connection.hpp"
#include "page_scenario.hpp"
#include "page_tally.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bench {

class PageUser {
public:
  using Clock = std::chrono::steady_clock;
  using Random = std::mt19937_64;

  PageUser(PageScenario& scenario, PageTally& tally, std::uint16_t port, std::uint64_t seed);

  // Another one once the connection was closed: add it to the epoll again.
  int descriptor() const { return connection_->descriptor(); }
  void reconnect();
  bool is_closed() const { return is_closed_; }
  bool is_over() const { return is_over_; } // no page is under way

  void begin_page();
  // Drawn anew each time: whether the session rests now, and goes on after that.
  bool rests();
  // Sends and reads what can be. True: the page is over. Requires: one is under way.
  bool advance();

private:
  struct Asked {
    std::string target;
    bool is_closure = false;
    Clock::time_point at;
  };
  struct Answer {
    std::size_t size = 0; // of head and content; 0: it is not all there
    int status = 0;
    std::string_view location;
    std::string_view cache_status;
    std::string_view links;
    std::string_view content;
    bool is_last = false; // the connection ends with it
  };

  void ask(std::string target, bool is_closure = false);
  void ask_burst();
  bool transfer();
  void take_answers();
  Answer next_answer();
  std::string_view field(std::string_view head, std::string_view name) const;
  void take(const Answer& answer);
  void take_links(std::string_view links);
  void take_closure(std::string_view json);
  void note(std::string_view name, std::string_view version);
  void end_page();
  template <typename List> const auto& drawn(const List& list);

  PageScenario& scenario_;
  PageTally& tally_;
  const std::uint16_t port_;
  Random random_;
  std::unique_ptr<Connection> connection_;
  bool is_closed_ = false;
  std::string unsent_;
  std::string received_;
  std::deque<Asked> waiting_;

  std::string cookie_;           // empty: the session has none yet
  std::uint32_t pages_left_ = 0; // of the session
  std::size_t last_set_ = kNoSet;
  static constexpr std::size_t kNoSet = SIZE_MAX;

  bool is_over_ = true;
  bool is_by_closure_ = false;
  std::string entry_;
  std::vector<std::string> rest_; // what was not asked for yet
  std::size_t burst_ = 0;         // how much of it comes first
  std::vector<PageAsset> page_;
};

} // namespace selvedge::bench
