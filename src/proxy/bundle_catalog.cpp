#include "bundle_catalog.hpp"

#include "header_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace selvedge::proxy {

using base::ErrorCode;

namespace {

// Of what is not there, and of what could not be had: somebody may be about to mend it.
constexpr std::chrono::seconds kAbsent{10};
constexpr std::chrono::seconds kFailed{2};
// Whoever asks next may matter more than who was not let through.
constexpr std::chrono::milliseconds kOverloaded{50};
// An index is looked at again after that long at least, whatever the origin says.
constexpr std::chrono::seconds kShortest{1};

std::shared_ptr<const HeaderRules> without_lifetime() {
  HeaderRuleOptions options;
  options.remove = {"cache-control", "expires"};
  return make_header_rules(options);
}

std::vector<bundle::PinKeys::Key> pin_keys_of(const std::string& path) {
  if (path.empty()) throw std::runtime_error("bundles.sessions: 'key_file' is missing");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read: " + std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto keys = bundle::parse_pin_keys(text);
  if (!keys) throw std::runtime_error(path + ": " + keys.problem);
  return std::move(*keys.value);
}

} // namespace

BundleCatalog::BundleCatalog(const Route& route, const BundleOptions& options)
    : options_(options), index_route_(std::make_unique<Route>(route)),
      without_lifetime_(proxy::without_lifetime()) {
  if (options.sessions.enabled) {
    pin_keys_.emplace(pin_keys_of(options.sessions.key_file), route.prefix);
  }
  index_route_->bundles = nullptr;
  index_route_->slice = 0;
  index_route_->policy.default_lifetime = options.index_lifetime;
  index_route_->policy.heuristic_percent = 0;
  index_route_->policy.clients_may_revalidate = true; // the only client is this catalog
  // Behind those of the route: the first that matches decides.
  for (const char* lifetime : {"404 10s", "410 10s", "5xx 1s"}) {
    index_route_->policy.status_lifetimes.push_back(*parse_status_lifetime(lifetime));
  }
  index_route_->policy.stale_while_revalidate = {};
  index_route_->response_rules = nullptr;
}

BundleCatalog::~BundleCatalog() {
  by_use_.clear();
}

std::string_view BundleCatalog::key_of(const IndexAsker& asker, const BundleRequest& wanted,
                                       base::Arena& arena) const {
  const std::string_view target = index_target(wanted, arena);
  const http::RequestHead& asked = asker.request;
  if (index_route_->key.headers.empty() && index_route_->key.cookies.empty()) {
    return cache::make_cache_key(asked.scheme, asked.authority, target, arena).text;
  }
  http::RequestHead request = asked;
  request.target = target;
  return cache::make_cache_key(request, index_route_->key, arena).text;
}

BundleCatalog::Known& BundleCatalog::known(std::string_view key) {
  auto found = names_.find(key);
  if (found == names_.end()) {
    if (names_.size() >= kMostNames) make_room();
    found = names_
                .emplace(std::piecewise_construct, std::forward_as_tuple(key),
                         std::forward_as_tuple(*this))
                .first;
    found->second.key = found->first;
  } else {
    by_use_.erase(by_use_.iterator_to(found->second));
  }
  by_use_.push_back(found->second);
  return found->second;
}

void BundleCatalog::make_room() {
  const auto idle = std::ranges::find_if(by_use_, [](const Known& one) { return !one.fetch; });
  if (idle == by_use_.end()) return;
  const auto found = names_.find(idle->key);
  by_use_.erase(idle);
  names_.erase(found);
}

BundleCatalog::Outcome BundleCatalog::state_of(const Known& of) const {
  const base::Steady now = worker_->now().steady;
  if (!of.is_told) return Outcome::pending;
  if (of.index && now < of.usable_until) return Outcome::found;
  if (now >= of.fresh_until) return Outcome::pending;
  return of.error.code == ErrorCode::none ? Outcome::absent : Outcome::failed;
}

bool BundleCatalog::is_known(const IndexAsker& asker, const BundleRequest& wanted) {
  worker_ = &asker.proxy.worker_;
  const auto found = names_.find(key_of(asker, wanted, asker.arena));
  return found != names_.end() && state_of(found->second) != Outcome::pending;
}

BundleCatalog::Found BundleCatalog::find(const IndexAsker& asker, const BundleRequest& wanted,
                                         Waiter& waiter) {
  worker_ = &asker.proxy.worker_;
  counters_ = &asker.proxy.counters_;
  Known& of = known(key_of(asker, wanted, asker.arena));
  if (!of.fetch && worker_->now().steady >= of.fresh_until) {
    const bool is_needed = state_of(of) != Outcome::found;
    const auto importance = is_needed ? asker.importance : overload::Importance::background;
    fetch(of, {asker.proxy, asker.routing, asker.request, asker.client, asker.arena, importance},
          wanted);
  }
  const Outcome state = state_of(of);
  if (state == Outcome::pending) of.waiters.push_back(waiter);
  if (state != Outcome::found) return {state, {}, of.error};
  const bundle::IndexedVersion* version = choose(of, wanted.selector);
  if (version == nullptr) return {Outcome::absent, {}, {}};
  return {Outcome::found, version->text, {}};
}

const bundle::IndexedVersion* BundleCatalog::choose(Known& of, std::string_view selector) {
  const auto found = of.chosen.find(selector);
  if (found != of.chosen.end()) return found->second;
  const bundle::IndexedVersion* version = of.index->resolve(selector).version;
  if (of.chosen.size() >= kMostSelectors) of.chosen.clear(); // so that nobody's fill it for good
  of.chosen.emplace(selector, version);
  return version;
}

void BundleCatalog::fetch(Known& of, const IndexAsker& asker, const BundleRequest& wanted) {
  of.fetch = std::make_unique<IndexFetch>(*index_route_, options_.index_lifetime, of);
  of.fetch->start(asker, index_target(wanted, asker.arena), wanted.name);
}

void BundleCatalog::take(Known& of, FetchedIndex fetched) {
  const std::unique_ptr<IndexFetch> done = std::move(of.fetch);
  const base::Steady now = worker_->now().steady;
  of.is_told = true;
  if (fetched.index && fetched.error.code != ErrorCode::none) {
    // The origin is away, and this is what the store still had.
    if (!of.index) {
      of.index = std::move(fetched.index);
      of.usable_until = now + fetched.ttl + options_.index_stale; // the time left is negative
    }
    of.error = fetched.error;
    of.fresh_until = now + kFailed;
    counters_->indexes_failed.add();
  } else if (fetched.index) {
    of.index = std::move(fetched.index);
    of.chosen.clear();
    of.error = {};
    of.fresh_until = now + std::max<std::chrono::seconds>(fetched.ttl, kShortest);
    of.usable_until = of.fresh_until + options_.index_stale;
    counters_->indexes.add();
  } else if (fetched.error.code == ErrorCode::cancelled) {
    of.is_told = of.index != nullptr; // it was another's fetch: whoever waits makes their own
  } else if (fetched.error.code != ErrorCode::none) {
    // What was in force stays so.
    of.error = fetched.error;
    const bool is_overloaded = fetched.error.code == ErrorCode::overloaded;
    of.fresh_until = now + (is_overloaded ? kOverloaded : kFailed);
    (fetched.problem.empty() ? counters_->indexes_failed : counters_->indexes_bad).add();
  } else {
    of.index = nullptr;
    of.chosen.clear();
    of.error = {};
    of.fresh_until = now + kAbsent;
  }
  Waiters waiters;
  waiters.splice(waiters.end(), of.waiters);
  while (!waiters.empty()) {
    Waiter& next = waiters.front();
    waiters.pop_front();
    next.on_index();
  }
}

} // namespace selvedge::proxy
