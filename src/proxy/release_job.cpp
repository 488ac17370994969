#include "release_job.hpp"

#include "compression.hpp"
#include "release_differences.hpp"

#include <selvedge/bundle/name.hpp>
#include <selvedge/overload/event_log.hpp>

#include <algorithm>
#include <set>

namespace selvedge::proxy {

using bundle::LockBuilder;
using bundle::ReleaseLog;
using State = ReleaseProgress::State;

namespace {

// More is not fetched beforehand: it is what pages begin with, not all they may ask for.
constexpr std::size_t kMostWarmed = 512;
constexpr std::uint64_t kMostBytes = 64u << 20;

// What the origin has may be mended, or whole, by then.
constexpr std::chrono::seconds kRetry{30};

constexpr std::string_view kMeanwhile = "something else was released meanwhile: try again";
constexpr int kMostTurns = 20;

std::string without_slash(std::string_view prefix) {
  return std::string(prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix);
}

// As the origin has it; but what was released by hand, or with something else, before it was known
// what the origin has, stays until that changes.
bundle::Parsed<ReleaseLog> follow(const ReleaseLog& log, const ReleaseOrder& order,
                                  const bundle::ReleasedSet& set) {
  const ReleaseOrder::Bundle& one = order.bundles.front();
  const bundle::ReleasedSet* const before = log.stable()->find(order.channel);
  const bool is_by_hand = log.followed(order.channel, one.name) == nullptr && before != nullptr &&
                          before->find_locked(one.name) != nullptr;
  auto changed = bundle::Parsed<ReleaseLog>::good(log);
  if (!is_by_hand) changed = log.publish(order.note, order.channel, set, {});
  const bool is_in_force = !changed && changed.problem == ReleaseLog::kInForce;
  if (!changed && !is_in_force) return changed;
  const ReleaseLog& then = is_in_force ? log : *changed.value;
  return bundle::Parsed<ReleaseLog>::good(
      then.following(order.channel, one.name, {one.selector, order.index_date}));
}

// The change itself. Elsewhere than on a worker, since it writes a file.
ReleaseBoard::Changed change(ReleaseBoard& board, const ReleaseOrder& order,
                             const bundle::ReleasedSet& set, std::uint64_t before) {
  return board.change([&](const ReleaseLog& log) -> bundle::Parsed<ReleaseLog> {
    using Result = bundle::Parsed<ReleaseLog>;
    if (log.stable()->print() != before) {
      return Result::bad(std::string(kMeanwhile));
    }
    if (order.note.kind == bundle::ReleaseKind::origin) return follow(log, order, set);
    return log.publish(order.note, order.channel, set, order.canary);
  });
}

} // namespace

std::string_view text_of(ReleaseProgress::State state) {
  switch (state) {
  case State::resolving:
    return "resolving";
  case State::warming:
    return "warming";
  case State::done:
    return "done";
  case State::failed:
    return "failed";
  }
  return "";
}

ReleaseJob::ReleaseJob(AssetWarmer::Place place, ReleaseOrder order, ReleaseProgressPtr progress)
    : place_(std::move(place)), catalog_(*place_.route->bundles),
      base_(without_slash(place_.route->prefix)), order_(std::move(order)),
      progress_(std::move(progress)) {
  request_.scheme = place_.scheme;
  request_.authority = place_.authority;
  request_.target = base_ + "/";
}

ReleaseJob::~ReleaseJob() {
  *is_alive_ = false;
  stop_waiting();
  place_.proxy.wakes_->remove(*this);
}

Asker ReleaseJob::asker() {
  return {place_.proxy,     place_.routing, request_,
          own_connection(), arena_,         overload::Importance::background};
}

void ReleaseJob::resume() {
  stop_waiting();
  if (step_ == Step::resolve && resolve()) begin_walk(true);
  if (step_ == Step::walk && find_closure()) begin_warming();
}

// Which versions are meant. False: that is not known yet, or never will be.
bool ReleaseJob::resolve() {
  for (; resolved_ < order_.bundles.size(); ++resolved_) {
    ReleaseOrder::Bundle& one = order_.bundles[resolved_];
    if (bundle::is_exact_version(one.selector)) continue;
    const std::string asked = one.name + '@' + one.selector;
    const auto found = catalog_.document(asker(), base_, {one.name, {}}, this);
    switch (found.outcome) {
    case BundleCatalog::Outcome::pending:
      return false;
    case BundleCatalog::Outcome::absent:
      fail("there is no bundle '" + one.name + "' at the origin");
      return false;
    case BundleCatalog::Outcome::failed:
      fail("the index of " + one.name + " cannot be had: " +
           (found.problem.empty() ? std::string(base::name(found.error.code))
                                  : std::string(found.problem)));
      return false;
    case BundleCatalog::Outcome::found:
      break;
    }
    const auto& index = std::get<std::shared_ptr<const bundle::BundleIndex>>(*found.document);
    const bundle::IndexedVersion* version = index->resolve(one.selector).version;
    if (version == nullptr) {
      fail(asked + " is no version that the index of " + one.name + " has");
      return false;
    }
    one.selector = version->text;
  }
  return true;
}

// What was released before stays as it is, but for what needs what changes: that may take the new
// versions.
void ReleaseJob::begin_walk(bool with_dependents) {
  step_ = Step::walk;
  before_ = catalog_.releases().stable();
  unchanged_.clear();
  has_dependents_ = false;
  const bundle::ReleasedSet* set = before_->find(order_.channel);
  std::vector<LockBuilder::Root> roots;
  std::set<std::string> changed(order_.withdrawn.begin(), order_.withdrawn.end());
  std::set<std::string> affected; // "NAME@VERSION"
  for (const ReleaseOrder::Bundle& one : order_.bundles) {
    roots.push_back({one.name, one.selector});
    changed.insert(one.name);
    const bundle::LockedBundle* locked = set != nullptr ? set->find_locked(one.name) : nullptr;
    if (locked == nullptr || !with_dependents) continue;
    for (const bundle::LockedVersion& version : locked->versions) {
      for (std::string& by : dependents_of(*set, one.name, version.text)) {
        affected.insert(std::move(by));
      }
    }
  }
  if (set != nullptr) {
    for (const bundle::ReleasedBundle& one : set->released) {
      if (changed.contains(one.name)) continue;
      if (affected.contains(one.name + '@' + one.version)) {
        roots.push_back({one.name, one.version});
        has_dependents_ = true;
      } else {
        unchanged_.push_back(one.name);
      }
    }
  }
  std::ranges::sort(roots, {}, &LockBuilder::Root::name);
  closure_.emplace(std::move(roots), set);
}

bundle::ReleasedSet ReleaseJob::new_set() const {
  const bundle::ReleasedSet* before = before_->find(order_.channel);
  if (before == nullptr) return closure_->set();
  return with_unchanged(closure_->set(), *before, unchanged_);
}

// False: it is not known yet, or there is none.
bool ReleaseJob::find_closure() {
  for (;;) {
    if (!walk(*closure_, catalog_, asker(), base_, *this)) return false;
    const std::string problem = closure_->problem();
    if (problem.empty()) return true;
    if (!has_dependents_ || !closure_->is_certain()) {
      fail(problem);
      return false;
    }
    begin_walk(false); // what is the matter may be with those who were to stay anyway
  }
}

// The entries of everything that was chosen.
std::vector<AssetWarmer::Wanted> ReleaseJob::beginnings() const {
  std::vector<AssetWarmer::Wanted> wanted;
  std::uint64_t bytes = 0;
  for (const LockBuilder::Placed& one : closure_->versions()) {
    for (const std::string& path : one.manifest->entry) {
      const bundle::Asset& asset = *one.manifest->find(path);
      bytes += asset.size;
      if (wanted.size() == kMostWarmed || bytes > kMostBytes) return wanted;
      wanted.push_back({base_ + '/' + one.name + '/' + one.version + '/' + encoded(path),
                        one.name + '@' + one.version, ExpectedContent{asset.digest, asset.size}});
    }
  }
  return wanted;
}

void ReleaseJob::begin_warming() {
  step_ = Step::warm;
  std::vector<AssetWarmer::Wanted> wanted;
  if (order_.warm) wanted = beginnings();
  progress_->write([&](ReleaseProgress::View& view) {
    view.state = State::warming;
    view.bundles = closure_->versions().size();
    view.to_warm = wanted.size();
  });
  AssetWarmer::User& user = *this;
  warmer_.emplace(place_, std::move(wanted), user);
  warmer_->start();
}

void ReleaseJob::on_warmed() {
  progress_->write([&](ReleaseProgress::View& view) { view.warmed = warmer_->warmed(); });
  if (!warmer_->is_done()) return;
  if (!warmer_->problem().empty()) return fail(warmer_->problem());
  put_in_force();
}

void ReleaseJob::put_in_force() {
  step_ = Step::put;
  const std::shared_ptr<ReleaseBoard>& board = catalog_.board();
  net::HelperThreads* const helper = place_.proxy.options_.helper;
  if (helper == nullptr) return finish(change(*board, order_, new_set(), before_->print()));
  helper->post([this, is_alive = is_alive_, board, order = order_, set = new_set(),
                before = before_->print(), &worker = place_.proxy.worker_] {
    auto changed = change(*board, order, set, before);
    worker.post([this, is_alive, changed = std::move(changed)] {
      if (*is_alive) finish(changed);
    });
  });
}

// Whether what was released meanwhile left alone what this is about.
bool ReleaseJob::is_about_others() {
  const bundle::SnapshotPtr& now = catalog_.releases().stable();
  return std::ranges::all_of(order_.bundles, [&](const ReleaseOrder::Bundle& one) {
    return now->of_channel(one.name, order_.channel) ==
           before_->of_channel(one.name, order_.channel);
  });
}

void ReleaseJob::finish(const ReleaseBoard::Changed& changed) {
  if (changed.problem == kMeanwhile && ++turns_ < kMostTurns && is_about_others()) {
    begin_walk(true); // on top of that
    return resume();
  }
  if (!changed.log) return fail(changed.problem);
  step_ = Step::over;
  end_following(std::nullopt);
  make_differences();
  const auto& releases = changed.log->releases();
  progress_->write([&](ReleaseProgress::View& view) {
    view.state = State::done;
    if (!releases.empty()) view.release = releases.back().id;
  });
}

// Clients have what was in force so far.
void ReleaseJob::make_differences() {
  const Proxy::Options& options = place_.proxy.options_;
  const Route& route = *place_.route;
  if (options.differences == nullptr || !route.compression) return;
  if (!route.compression->has_dictionaries()) return;
  want_differences({place_.proxy.store_, *options.differences, options.sessions,
                    place_.proxy.worker_.now(), route, place_.scheme, place_.authority},
                   closure_->versions(), before_->find(order_.channel));
}

void ReleaseJob::end_following(std::optional<base::Steady> retry_at) {
  if (order_.note.kind != bundle::ReleaseKind::origin) return;
  catalog_.board()->end_following(following_key(order_.bundles.front().name, order_.channel),
                                  retry_at);
}

void ReleaseJob::fail(const std::string& problem) {
  step_ = Step::over;
  end_following(place_.proxy.worker_.now().steady + kRetry);
  tell(problem);
  progress_->write([&](ReleaseProgress::View& view) {
    view.state = State::failed;
    view.problem = problem;
  });
}

// Nobody waits for what is followed: it is told where people look.
void ReleaseJob::tell(const std::string& problem) const {
  if (place_.proxy.options_.events == nullptr) return;
  overload::Event event;
  event.time = std::chrono::floor<std::chrono::seconds>(place_.proxy.worker_.now().wall);
  event.worker = place_.proxy.worker_.index();
  event.knob = "release";
  event.from = std::string(text_of(order_.note.kind));
  for (const ReleaseOrder::Bundle& one : order_.bundles) {
    event.from += ' ' + one.name + '@' + one.selector;
  }
  event.to = "refused";
  event.why = problem;
  place_.proxy.options_.events->add(std::move(event));
}

} // namespace selvedge::proxy
