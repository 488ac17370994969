// Which route answers a request: sites by host, routes by the longest prefix of the path. A
// snapshot: immutable, one for each worker, replaced as a whole by a reload. Thread: its worker;
// built by anyone before that.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/cache/decide.hpp>
#include <selvedge/http/cache_status.hpp>
#include <selvedge/proxy/options.hpp>
#include <selvedge/upstream/origin.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace selvedge::proxy {

// Of one route on one worker. They outlive reloads: a route keeps its numbers by its name.
struct RouteCounters {
  static constexpr std::size_t kClasses = 6; // 1xx to 5xx, and what is none of them
  // Upper bounds of the buckets in microseconds; the last has none.
  static constexpr std::array<std::uint32_t, 13> kBounds{
      100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 10000000};
  std::array<std::array<base::Counter, kClasses>, http::kCacheOutcomes> requests;
  std::array<base::Counter, kBounds.size() + 1> durations;
  base::Counter duration_microseconds;
  base::Counter content_bytes;

  void count(http::CacheOutcome outcome, http::Status status, std::chrono::microseconds duration,
             std::uint64_t bytes);
};
// By "site/route". Thread: the one that builds routings.
using RouteCounterMap = std::map<std::string, std::shared_ptr<RouteCounters>>;

struct Route {
  std::string name; // "site/route"
  std::string prefix;
  upstream::Origin* origin = nullptr;
  std::string origin_name;
  cache::CachePolicy policy;
  RouteCounters* counters = nullptr;
};

class Routing {
public:
  struct Origins { // the origins of one worker, by name, with the options they were made from
    std::map<std::string, std::shared_ptr<upstream::Origin>> by_name;
  };
  Routing(const std::vector<SiteOptions>& sites, Origins origins, std::uint64_t max_object,
          RouteCounterMap& counters);

  // Null when no site has that host, or the site no route for that path. `authority` may have a
  // port.
  const Route* find(std::string_view authority, std::string_view path) const;
  const Origins& origins() const { return origins_; }

private:
  struct Site {
    std::vector<Route> routes; // longest prefix first
  };
  const Site* site_of(std::string_view authority) const;

  Origins origins_;
  std::vector<std::shared_ptr<RouteCounters>> counters_; // kept alive
  std::vector<std::unique_ptr<Site>> sites_;
  std::map<std::string, const Site*, std::less<>> exact_;
  std::map<std::string, const Site*, std::less<>> wildcard_; // ".example.com" for "*.example.com"
  const Site* fallback_ = nullptr;
};

} // namespace selvedge::proxy
