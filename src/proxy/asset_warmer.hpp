// Fetches responses into the store before anybody asks for them, a few at a time and behind
// everybody who waits for one. What is stored and fresh is not fetched. Thread: its worker.
#pragma once

#include "filler.hpp"
#include "wake_queue.hpp"

#include <list>
#include <memory>
#include <string>
#include <vector>

namespace selvedge::proxy {

class AssetWarmer {
public:
  static constexpr std::size_t kAtOnce = 8;

  struct Wanted {
    std::string target; // at the origin
    std::string bundle; // "acme-ui@2.3.1"
    std::optional<ExpectedContent> expected;
  };
  // As whom everything is asked for.
  struct Place {
    Proxy& proxy;
    std::shared_ptr<const Routing> routing; // keeps the route
    const Route* route = nullptr;
    std::string scheme;
    std::string authority;
  };
  class User {
  public:
    // One more is there; or none more will come. The warmer may be destroyed by it.
    virtual void on_warmed() = 0;

  protected:
    ~User() = default;
  };

  AssetWarmer(Place place, std::vector<Wanted> wanted, User& user);
  ~AssetWarmer();

  // The user may be told before this returns.
  void start();
  bool is_done() const { return next_ == wanted_.size() && fetches_.empty(); }
  std::size_t wanted() const { return wanted_.size(); }
  std::size_t warmed() const { return warmed_; }
  // What could not be had first, and why; empty: all was.
  const std::string& problem() const { return problem_; }

private:
  class Fetch;

  void begin_more();
  bool begin(const Wanted& wanted);
  void take(Fetch& fetch);
  void again(Fetch& fetch);
  void note(const Wanted& wanted, const std::string& why);

  const Place place_;
  const std::vector<Wanted> wanted_;
  User& user_;
  std::list<Fetch> fetches_; // under way
  std::size_t next_ = 0;
  std::size_t warmed_ = 0;
  std::string problem_;
};

// What is fetched and nobody asks how it fares. Thread: its worker.
class Warmth final : private AssetWarmer::User {
public:
  Warmth(AssetWarmer::Place place, std::vector<AssetWarmer::Wanted> wanted)
      : warmer_(std::move(place), std::move(wanted), *this) {}
  void start() { warmer_.start(); }
  bool is_over() const { return warmer_.is_done(); }

private:
  void on_warmed() override {}
  AssetWarmer warmer_;
};

// Who is told to origins to have asked, when it is the node itself.
const downstream::ClientConnection& own_connection();

} // namespace selvedge::proxy
