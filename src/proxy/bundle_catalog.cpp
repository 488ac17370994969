#include "bundle_catalog.hpp"

#include "header_rules.hpp"

#include <selvedge/base/file_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace selvedge::proxy {

using base::ErrorCode;

namespace {

// Of what could not be had: somebody may be about to mend it.
constexpr std::chrono::seconds kFailed{2};
// Whoever asks next may matter more than who was not let through.
constexpr std::chrono::milliseconds kOverloaded{50};
constexpr std::chrono::hours kManifestLifetime{365 * 24};
constexpr std::chrono::seconds kFollowEach{1};
// An index is looked at again after that long at least, whatever the origin says.
constexpr std::chrono::seconds kShortest{1};

std::shared_ptr<const HeaderRules> without_lifetime() {
  HeaderRuleOptions options;
  options.remove = {"cache-control", "expires"};
  return make_header_rules(options);
}

std::vector<bundle::PinKeys::Key> pin_keys_of(const std::string& path) {
  if (path.empty()) throw std::runtime_error("bundles.sessions: 'key_file' is missing");
  constexpr std::size_t kMost = 1 << 20;
  const boost::system::result<std::string> text = base::file_text(path, kMost);
  if (!text) throw std::runtime_error(path + ": cannot be read: " + text.error().message());
  if (text->size() == kMost) throw std::runtime_error(path + ": is too large");
  auto keys = bundle::parse_pin_keys(*text);
  if (!keys) throw std::runtime_error(path + ": " + keys.problem);
  return std::move(*keys.value);
}

// The documents of a route are stored by its rules, but for what is about clients.
std::unique_ptr<Route> document_route(const Route& route) {
  auto made = std::make_unique<Route>(route);
  made->bundles = nullptr;
  made->slice = 0;
  made->policy.heuristic_percent = 0;
  made->policy.clients_may_revalidate = true; // the only client is the catalog
  // Behind those of the route: the first that matches decides.
  for (const char* lifetime : {"404 10s", "410 10s", "5xx 1s"}) {
    made->policy.status_lifetimes.push_back(*parse_status_lifetime(lifetime));
  }
  made->policy.stale_while_revalidate = {};
  made->response_rules = nullptr;
  return made;
}

} // namespace

BundleCatalog::BundleCatalog(const Route& route, const BundleOptions& options,
                             std::shared_ptr<ReleaseBoard> board)
    : options_(options), board_(std::move(board)), index_route_(document_route(route)),
      manifest_route_(document_route(route)), without_lifetime_(proxy::without_lifetime()) {
  if (options.sessions.enabled) {
    pin_keys_.emplace(pin_keys_of(options.sessions.key_file), route.prefix);
  }
  index_route_->policy.default_lifetime = options.index_lifetime;
}

BundleCatalog::~BundleCatalog() {
  by_use_.clear();
}

const bundle::ReleaseLog& BundleCatalog::releases() {
  const std::uint64_t generation = board_->generation();
  if (generation != generation_) {
    log_ = board_->log();
    generation_ = generation;
  }
  return *log_;
}

const BundleCatalog::Selector& BundleCatalog::selector(std::string_view text) {
  const auto found = selectors_.find(text);
  if (found != selectors_.end()) return found->second;
  if (selectors_.size() >= kMostRead) selectors_.clear(); // so that nobody's fill it for good
  Selector read;
  const bool is_default = text.empty() || text == bundle::BundleIndex::kDefaultChannel;
  if (!is_default) read.range = bundle::VersionRange::parse(text);
  return selectors_.emplace(text, std::move(read)).first->second;
}

std::string_view BundleCatalog::released(const bundle::Snapshot& snapshot,
                                         const BundleRequest& wanted) {
  if (snapshot.channels().empty()) return {};
  const Selector& read = selector(wanted.selector);
  return read.range ? snapshot.of_range(wanted.name, *read.range)
                    : snapshot.of_channel(wanted.name, wanted.selector);
}

// Of what is released the index is kept fresh; of the rest it is only looked at when it is there,
// since nobody has decided yet that this client may cause a fetch.
const BundleCatalog::Known* BundleCatalog::index_to_follow(const Asker& asker,
                                                           const BundleRequest& wanted,
                                                           std::string_view channel) {
  if (!releases().stable()->of_channel(wanted.name, channel).empty()) {
    return &look(asker, wanted.base, {wanted.name, {}}, nullptr);
  }
  worker_ = &asker.proxy.worker_;
  const std::string_view target = document_target(wanted.base, wanted.name, {}, asker.arena);
  const auto found = documents_.find(key_of(asker, target, asker.arena));
  return found != documents_.end() ? &found->second : nullptr;
}

std::optional<ReleaseOrder> BundleCatalog::to_follow(const Asker& asker,
                                                     const BundleRequest& wanted) {
  if (!options_.releases.follow) return {};
  const std::string_view host =
      asker.request.authority.substr(0, asker.request.authority.rfind(':'));
  if (!index_route_->follow_host.empty() &&
      !http::equals_ignoring_case(host, index_route_->follow_host)) {
    return {};
  }
  const bool is_channel = !wanted.selector.empty() && !selector(wanted.selector).range;
  const std::string_view channel =
      is_channel ? wanted.selector : bundle::BundleIndex::kDefaultChannel;
  const base::Steady now = asker.proxy.worker_.now().steady;
  const std::string_view key =
      is_channel ? joined({wanted.name, ":", channel}, asker.arena) : wanted.name;
  auto next = followed_.find(key);
  if (next == followed_.end()) {
    if (followed_.size() >= kMostDocuments) followed_.clear();
    next = followed_.emplace(key, base::Steady{}).first;
  }
  if (now < next->second) return {};
  next->second = now + kFollowEach;
  const Known* of = index_to_follow(asker, wanted, channel);
  if (of == nullptr || state_of(*of) != Outcome::found) return {};
  const auto& index = std::get<std::shared_ptr<const bundle::BundleIndex>>(of->document);
  const bundle::IndexedVersion* version = index->resolve(channel).version;
  const bundle::FollowedChannel* followed = releases().followed(channel, wanted.name);
  const std::string before = followed != nullptr ? followed->version : std::string();
  if (version == nullptr || version->text == before) return {};
  // Other workers and hosts have indexes of other times: only a younger one says something new.
  if (followed != nullptr && of->date <= followed->date) return {};
  if (!board_->begin_following(following_key(wanted.name, channel), now)) return {};
  ReleaseOrder order;
  order.bundles.push_back({std::string(wanted.name), version->text});
  order.channel = channel;
  order.index_date = of->date;
  order.note = {std::chrono::floor<std::chrono::seconds>(asker.proxy.worker_.now().wall), "origin",
                before.empty() ? "first asked for" : "moved there from " + std::string(before),
                bundle::ReleaseKind::origin};
  order.warm = options_.releases.warm && !before.empty();
  return order;
}

BundleCatalog::MadePtr BundleCatalog::made(std::string_view key) const {
  const auto found = made_.find(key);
  const bool is_fresh = found != made_.end() && worker_->now().steady < found->second.until;
  return is_fresh ? found->second.text : nullptr;
}

// As long as an index may be used without another look at it.
void BundleCatalog::remember(std::string_view key, MadePtr text) {
  constexpr std::size_t kLargest = 1u << 20;
  if (text->size() > kLargest) return; // it is made again
  made_bytes_ += text->size();
  if (made_.size() >= kMostMade || made_bytes_ > kMostBytes) {
    made_.clear();
    made_bytes_ = text->size();
  }
  made_[std::string(key)] = {std::move(text), worker_->now().steady + options_.index_lifetime};
}

std::string_view BundleCatalog::key_of(const Asker& asker, std::string_view target,
                                       base::Arena& arena) const {
  const http::RequestHead& asked = asker.request;
  if (index_route_->key.headers.empty() && index_route_->key.cookies.empty()) {
    return cache::make_cache_key(asked.scheme, asked.authority, target, arena).text;
  }
  http::RequestHead request = asked;
  request.target = target;
  return cache::make_cache_key(request, index_route_->key, arena).text;
}

BundleCatalog::Known& BundleCatalog::known(std::string_view key) {
  auto found = documents_.find(key);
  if (found == documents_.end()) {
    if (documents_.size() >= kMostDocuments) make_room(nullptr);
    found = documents_
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

void BundleCatalog::make_room(const Known* spared) {
  const auto idle = std::ranges::find_if(
      by_use_, [spared](const Known& one) { return !one.fetch && &one != spared; });
  if (idle == by_use_.end()) return;
  replace(*idle, {}, 0);
  const auto found = documents_.find(idle->key);
  by_use_.erase(idle);
  documents_.erase(found);
}

BundleCatalog::Outcome BundleCatalog::state_of(const Known& of) const {
  const base::Steady now = worker_->now().steady;
  if (!of.is_told || standing_of(of) == cache::Standing::purged) return Outcome::pending;
  if (of.has_document() && now < of.usable_until) return Outcome::found;
  if (now >= of.fresh_until) return Outcome::pending;
  return of.error.code == ErrorCode::none ? Outcome::absent : Outcome::failed;
}

// A soft purge ends what is fresh, and a hard one what there is.
cache::Standing BundleCatalog::standing_of(const Known& of) const {
  if (!of.purge_state || purges_ == nullptr) return cache::Standing::valid;
  return purges_->standing(*of.purge_state);
}

bool BundleCatalog::is_known(const Asker& asker, const BundleRequest& wanted) {
  worker_ = &asker.proxy.worker_;
  const DocumentName name{wanted.name, {}};
  const auto found = documents_.find(
      key_of(asker, document_target(wanted.base, name.bundle, {}, asker.arena), asker.arena));
  return found != documents_.end() && state_of(found->second) != Outcome::pending;
}

BundleCatalog::Known& BundleCatalog::look(const Asker& asker, std::string_view base,
                                          const DocumentName& name, Waiter* waiter) {
  worker_ = &asker.proxy.worker_;
  helper_ = asker.proxy.options_.helper;
  counters_ = &asker.proxy.counters_;
  purges_ = &asker.proxy.store_.purges();
  const std::string_view target = document_target(base, name.bundle, name.version, asker.arena);
  Known& of = known(key_of(asker, target, asker.arena));
  of.is_index = name.is_index();
  if (!of.fetch && of.has_document() && standing_of(of) != cache::Standing::valid) {
    of.fresh_until = {};
    // What was purged is not used while the origin is away; what is stale is.
    if (standing_of(of) == cache::Standing::purged) forget(of);
    of.purge_state.reset();
  }
  if (!of.fetch && worker_->now().steady >= of.fresh_until) {
    const bool is_needed = state_of(of) != Outcome::found;
    const auto importance = is_needed ? asker.importance : overload::Importance::background;
    fetch(of, {asker.proxy, asker.routing, asker.request, asker.client, asker.arena, importance},
          target, name);
  }
  if (waiter != nullptr && of.fetch && state_of(of) == Outcome::pending) {
    of.waiters.push_back(*waiter);
  }
  return of;
}

// After a look: who is told to wait is waiting.
BundleCatalog::Outcome BundleCatalog::outcome_of(const Known& of) const {
  const Outcome state = state_of(of);
  return state == Outcome::pending && !of.fetch ? Outcome::failed : state;
}

BundleCatalog::Found BundleCatalog::find(const Asker& asker, const BundleRequest& wanted,
                                         Waiter& waiter) {
  Known& of = look(asker, wanted.base, {wanted.name, {}}, &waiter);
  const Outcome state = outcome_of(of);
  if (state != Outcome::found) return {state, {}, of.error};
  const bundle::IndexedVersion* version = choose(of, wanted.selector);
  if (version == nullptr) return {Outcome::absent, {}, {}};
  return {Outcome::found, version->text, {}};
}

BundleCatalog::Document BundleCatalog::document(const Asker& asker, std::string_view base,
                                                const DocumentName& name, Waiter* waiter) {
  const Known& of = look(asker, base, name, waiter);
  const Outcome state = outcome_of(of);
  if (state == Outcome::found) return {state, &of.document, {}, {}};
  return {state, nullptr, of.error, of.problem};
}

const bundle::IndexedVersion* BundleCatalog::choose(Known& of, std::string_view selector) {
  const auto found = of.chosen.find(selector);
  if (found != of.chosen.end()) return found->second;
  const auto& index = std::get<std::shared_ptr<const bundle::BundleIndex>>(of.document);
  const bundle::IndexedVersion* version = index->resolve(selector).version;
  if (of.chosen.size() >= kMostSelectors) of.chosen.clear(); // so that nobody's fill it for good
  of.chosen.emplace(selector, version);
  return version;
}

void BundleCatalog::fetch(Known& of, const Asker& asker, std::string_view target,
                          const DocumentName& name) {
  const Route& route = name.is_index() ? *index_route_ : *manifest_route_;
  of.fetch = std::make_unique<DocumentFetch>(
      route, name.is_index() ? options_.index_lifetime : kManifestLifetime, of);
  of.fetch->start(asker, target, name);
}

// A large one is let go of elsewhere.
void BundleCatalog::replace(Known& of, BundleDocument document, std::size_t bytes) {
  constexpr std::size_t kLarge = 64 << 10;
  of.chosen.clear();
  std::swap(of.document, document);
  const std::size_t before = std::exchange(of.bytes, bytes);
  bytes_ = bytes_ - before + bytes;
  if (before >= kLarge && helper_ != nullptr) {
    helper_->post([gone = std::move(document)]() mutable { gone = {}; });
  }
}

void BundleCatalog::forget(Known& of) {
  replace(of, {}, 0);
  of.is_told = false;
}

void BundleCatalog::take_document(Known& of, FetchedDocument fetched) {
  const base::Steady now = worker_->now().steady;
  of.purge_state.reset();
  if (fetched.error.code != ErrorCode::none) {
    // The origin is away, and this is what the store still had.
    if (!of.has_document()) {
      replace(of, std::move(fetched.document), fetched.bytes);
      of.usable_until = now + fetched.ttl + options_.index_stale; // the time left is negative
    }
    of.error = fetched.error;
    of.fresh_until = now + kFailed;
    (of.is_index ? counters_->indexes_failed : counters_->manifests_failed).add();
  } else {
    replace(of, std::move(fetched.document), fetched.bytes);
    of.purge_state = std::make_unique<cache::PurgeState>();
    of.purge_state->born = fetched.born;
    of.purge_state->tags = std::move(fetched.tags);
    of.date = std::clamp(fetched.date, std::chrono::sys_seconds(),
                         std::chrono::floor<std::chrono::seconds>(worker_->now().wall));
    of.error = {};
    of.problem.clear();
    of.fresh_until = now + std::max<std::chrono::seconds>(fetched.ttl, kShortest);
    // What an exact version is made of never changes.
    of.usable_until = of.is_index ? of.fresh_until + options_.index_stale : base::Steady::max();
    (of.is_index ? counters_->indexes : counters_->manifests).add();
  }
}

void BundleCatalog::take(Known& of, FetchedDocument fetched) {
  const std::unique_ptr<DocumentFetch> done = std::move(of.fetch);
  const base::Steady now = worker_->now().steady;
  of.is_told = true;
  if (fetched.document.index() == 0 && !of.has_document()) of.purge_state.reset();
  if (fetched.document.index() != 0) {
    take_document(of, std::move(fetched));
  } else if (fetched.error.code == ErrorCode::cancelled) {
    of.is_told = of.has_document(); // it was another's fetch: whoever waits makes their own
  } else if (fetched.error.code != ErrorCode::none) {
    // What was in force stays so.
    of.error = fetched.error;
    of.problem = std::move(fetched.problem);
    const bool is_overloaded = fetched.error.code == ErrorCode::overloaded;
    of.fresh_until = now + (is_overloaded ? kOverloaded : kFailed);
    const bool is_bad = !of.problem.empty();
    base::Counter& bad = of.is_index ? counters_->indexes_bad : counters_->manifests_bad;
    base::Counter& failed = of.is_index ? counters_->indexes_failed : counters_->manifests_failed;
    (is_bad ? bad : failed).add();
  } else {
    replace(of, {}, 0);
    of.purge_state.reset();
    of.error = {};
    of.fresh_until = now + kAbsent;
  }
  while (bytes_ > kMostBytes && documents_.size() > 1) {
    const std::size_t before = documents_.size();
    make_room(&of);
    if (documents_.size() == before) break;
  }
  Waiters waiters;
  waiters.splice(waiters.end(), of.waiters);
  while (!waiters.empty()) {
    Waiter& next = waiters.front();
    waiters.pop_front();
    next.on_document();
  }
}

} // namespace selvedge::proxy
