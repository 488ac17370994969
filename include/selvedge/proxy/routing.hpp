// Which route answers a request: sites by host, routes by the longest prefix of the path. A
// snapshot: immutable, one for each worker, replaced as a whole by a reload. Thread: its worker;
// built by anyone before that.
#pragma once

#include <selvedge/base/address_list.hpp>
#include <selvedge/base/counter.hpp>
#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/decide.hpp>
#include <selvedge/http/cache_status.hpp>
#include <selvedge/proxy/options.hpp>
#include <selvedge/proxy/release_board.hpp>
#include <selvedge/upstream/origin.hpp>

#include <array>
#include <map>
#include <memory>
#include <optional>
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

  static std::size_t bucket_of(std::chrono::microseconds duration);
  void count(http::CacheOutcome outcome, http::Status status, std::chrono::microseconds duration,
             std::uint64_t bytes);
};
// By "site/route". Thread: the one that builds routings.
using RouteCounterMap = std::map<std::string, std::shared_ptr<RouteCounters>>;

// What origins are told about where requests come from, and whom this node believes about it.
struct Forwarding {
  std::optional<base::AddressList> trusted; // none: nobody
  ForwardingFields fields = ForwardingFields::x_forwarded;

  bool trusts(std::string_view address) const { return trusted && trusted->contains(address); }
};

class AccessRules;
class Compression;
class HeaderRules;
class BundleCatalog;

struct Route {
  std::string name; // "site/route"
  std::string prefix;
  upstream::Origin* origin = nullptr;
  std::string origin_name;
  std::shared_ptr<const AccessRules> access; // null: everybody may ask
  cache::CachePolicy policy;
  cache::KeyRules key;
  std::vector<NormalizeOptions> normalize;
  RangeMiss range_miss = RangeMiss::forward;
  std::uint64_t slice = 0; // bytes; 0: objects are fetched as a whole
  bool early_hints = true;
  bool trace = false;
  std::shared_ptr<const Compression> compression;    // null: nothing is coded here
  std::shared_ptr<const HeaderRules> request_rules;  // null: none
  std::shared_ptr<const HeaderRules> response_rules; // likewise
  // The one host whose indexes say what is released: others may have bundles of other origins by
  // the same names. Empty: the site has no host of its own.
  std::string follow_host;
  std::shared_ptr<BundleCatalog> bundles; // of this worker; null: its paths are just paths
  RouteCounters* counters = nullptr;
  std::shared_ptr<upstream::FetchLatency> fetch_latency; // of its fetches on this worker
};

class Routing {
public:
  struct Origins { // the origins of one worker, by name, with the options they were made from
    std::map<std::string, std::shared_ptr<upstream::Origin>, std::less<>> by_name;
  };
  Routing(const std::vector<SiteOptions>& sites, Origins origins, std::uint64_t max_object,
          RouteCounterMap& counters, ReleaseBoards& boards, const PurgeOptions& purge = {},
          const ForwardingOptions& forwarding = {});

  // Null when no site has that host, or the site no route for that path. `authority` may have a
  // port.
  const Route* find(std::string_view authority, std::string_view path) const;
  // Whether the request would be for a route with access rules, were its path read as generously as
  // some origins do: everything decoded, slashes merged. Then it must not pass for one of `found`.
  bool hides_protected(const Route& found, const http::RequestHead& request,
                       base::Arena& arena) const;
  // As above, by an absolute http or https URL.
  const Route* find_url(std::string_view url) const;
  // The key of a GET of that absolute URL, by the rules of its route; nothing where there is none,
  // or where it is no URL. Thread: any.
  std::optional<cache::CacheKey> key_of(std::string_view url, base::Arena& arena) const;
  // Who may send PURGE; null: nobody, the method goes to the origin like any other.
  const base::AddressList* purgers() const { return purgers_ ? &*purgers_ : nullptr; }
  const Forwarding& forwarding() const { return forwarding_; }
  const Origins& origins() const { return origins_; }

private:
  struct Site {
    std::vector<Route> routes; // longest prefix first
  };
  const Site* site_of(std::string_view authority) const;

  Origins origins_;
  std::optional<base::AddressList> purgers_;
  Forwarding forwarding_;
  std::vector<std::shared_ptr<RouteCounters>> counters_; // kept alive
  std::vector<std::unique_ptr<Site>> sites_;
  std::map<std::string, const Site*, std::less<>> exact_;
  std::map<std::string, const Site*, std::less<>> wildcard_; // ".example.com" for "*.example.com"
  const Site* fallback_ = nullptr;
  bool has_access_rules_ = false; // any route
};

} // namespace selvedge::proxy
