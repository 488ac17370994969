#include <selvedge/bundle/release_log.hpp>

#include <algorithm>
#include <set>

namespace selvedge::bundle {

namespace {

// Of one channel, from one snapshot to the next; of the first that differs.
struct Difference {
  std::string channel;
  std::vector<ReleaseChange> changes;
};

std::vector<ReleaseChange> changes_of(const ReleasedSet* from, const ReleasedSet* to) {
  static const ReleasedSet kNothing;
  const ReleasedSet& old = from != nullptr ? *from : kNothing;
  const ReleasedSet& fresh = to != nullptr ? *to : kNothing;
  std::set<std::string> names;
  for (const ReleasedBundle& one : old.released) names.insert(one.name);
  for (const ReleasedBundle& one : fresh.released) names.insert(one.name);
  std::vector<ReleaseChange> changes;
  for (const std::string& name : names) {
    const ReleasedBundle* was = old.find(name);
    const ReleasedBundle* is = fresh.find(name);
    ReleaseChange change{name, was != nullptr ? was->version : "",
                         is != nullptr ? is->version : ""};
    if (change.from != change.to) changes.push_back(std::move(change));
  }
  return changes;
}

Difference difference(const Snapshot& from, const Snapshot& to) {
  std::set<std::string> channels;
  for (const auto& [channel, set] : from.channels()) channels.insert(channel);
  for (const auto& [channel, set] : to.channels()) channels.insert(channel);
  Difference found;
  for (const std::string& channel : channels) {
    auto changes = changes_of(from.find(channel), to.find(channel));
    if (!changes.empty()) return {channel, std::move(changes)};
    const bool differs =
        (from.find(channel) == nullptr) != (to.find(channel) == nullptr) ||
        (from.find(channel) != nullptr && !(*from.find(channel) == *to.find(channel)));
    if (differs) found.channel = channel; // in what they need
  }
  return found;
}

// Whether everything stands for what it did, though there may be more.
bool keeps_all(const ReleasedSet* old, const ReleasedSet& fresh) {
  if (old == nullptr) return true;
  return std::ranges::all_of(old->locked, [&fresh](const LockedBundle& one) {
    const LockedBundle* now = fresh.find_locked(one.name);
    return now != nullptr && now->versions.front().text == one.versions.front().text;
  });
}

bool is_one_of(const std::vector<std::string>& list, std::string_view text) {
  return list.empty() || std::ranges::find(list, text) != list.end();
}

// Ids are random, and so is a print: what they make together says nothing of other releases.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9u;
  value ^= value >> 27;
  value *= 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

// Between two characters of UTF-8.
std::string shortened(const std::string& text) {
  std::size_t size = std::min(text.size(), ReleaseLog::kLongestText);
  while (size > 0 && size < text.size() && (text[size] & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

} // namespace

std::string_view text_of(ReleaseKind kind) {
  switch (kind) {
  case ReleaseKind::publish:
    return "publish";
  case ReleaseKind::promote:
    return "promote";
  case ReleaseKind::rollback:
    return "rollback";
  case ReleaseKind::origin:
    return "origin";
  }
  return "";
}

ReleaseLog::ReleaseLog() : stable_(std::make_shared<const Snapshot>()), snapshots_{stable_} {}

Parsed<ReleaseLog> ReleaseLog::publish(const Note& note, const std::string& channel,
                                       ReleasedSet set, std::optional<Canary> canary) const {
  using Result = Parsed<ReleaseLog>;
  if (candidate_) {
    return Result::bad("release " + std::to_string(releases_.back().id) +
                       " is being tried: promote it or roll it back first");
  }
  Snapshot::Channels channels = stable_->channels();
  channels[channel] = std::move(set);
  auto snapshot = std::make_shared<const Snapshot>(std::move(channels));
  if (snapshot->print() == stable_->print()) return Result::bad(std::string(kInForce));
  if (snapshot->find(channel)->locked.size() > kMostBundles) {
    return Result::bad("more than " + std::to_string(kMostBundles) + " bundles would be released");
  }
  ReleaseLog log = *this;
  log.add(note, note.kind, *stable_, *snapshot, canary);
  log.keep(snapshot);
  if (canary) {
    log.candidate_ = std::move(snapshot);
    log.canary_ = std::move(canary);
  } else {
    const bool is_added = note.kind == ReleaseKind::origin && !log.releases_.back().changes.empty();
    if (is_added && keeps_all(stable_->find(channel), *snapshot->find(channel))) {
      log.stable_ = std::move(snapshot);
    } else {
      log.replace_stable(std::move(snapshot));
    }
  }
  return Result::good(std::move(log));
}

Parsed<ReleaseLog> ReleaseLog::promote(const Note& note, std::optional<Canary> wider) const {
  using Result = Parsed<ReleaseLog>;
  if (!candidate_) return Result::bad("nothing is being tried");
  ReleaseLog log = *this;
  log.add(note, ReleaseKind::promote, *stable_, *candidate_, wider);
  if (wider) {
    log.canary_ = std::move(wider);
  } else {
    log.replace_stable(std::exchange(log.candidate_, nullptr));
    log.canary_.reset();
  }
  return Result::good(std::move(log));
}

Parsed<ReleaseLog> ReleaseLog::rollback(const Note& note, bool at_once) const {
  using Result = Parsed<ReleaseLog>;
  ReleaseLog log = *this;
  if (candidate_) {
    log.add(note, ReleaseKind::rollback, *candidate_, *stable_, {});
    log.take_back(candidate_->print(), at_once, note.at);
    log.candidate_ = nullptr;
    log.canary_.reset();
    return Result::good(std::move(log));
  }
  if (before_.empty()) return Result::bad("there is no release to go back from");
  const SnapshotPtr back = find(before_.back());
  if (!back) return Result::bad("what was there before is not known any more");
  log.add(note, ReleaseKind::rollback, *stable_, *back, {});
  log.take_back(stable_->print(), at_once, note.at);
  log.before_.pop_back();
  log.stable_ = back;
  log.allow_again(back->print());
  return Result::good(std::move(log));
}

void ReleaseLog::add(const Note& note, ReleaseKind kind, const Snapshot& from, const Snapshot& to,
                     std::optional<Canary> canary) {
  Difference what = difference(from, to);
  releases_.push_back({++last_id_, kind, note.at, shortened(note.who), shortened(note.why),
                       std::move(what.channel), std::move(what.changes), std::move(canary),
                       to.print()});
  if (releases_.size() > kMostReleases) releases_.erase(releases_.begin());
}

// What is in force again is not taken back any more.
void ReleaseLog::keep(SnapshotPtr snapshot) {
  const std::uint64_t print = snapshot->print();
  allow_again(print);
  std::erase_if(snapshots_, [print](const SnapshotPtr& one) { return one->print() == print; });
  snapshots_.push_back(std::move(snapshot));
  while (snapshots_.size() > kMostSnapshots) forget_oldest();
}

void ReleaseLog::allow_again(std::uint64_t print) {
  std::erase_if(taken_back_, [print](const TakenBack& one) { return one.print == print; });
}

void ReleaseLog::replace_stable(SnapshotPtr snapshot) {
  before_.push_back(stable_->print());
  if (before_.size() > kMostSnapshots) before_.erase(before_.begin());
  stable_ = std::move(snapshot);
}

void ReleaseLog::take_back(std::uint64_t print, bool at_once, std::chrono::sys_seconds at) {
  taken_back_.push_back({print, at_once, at});
}

const FollowedChannel* ReleaseLog::followed(std::string_view channel, std::string_view name) const {
  const auto found = followed_.find(std::string(name) + ':' + std::string(channel));
  return found != followed_.end() ? &found->second : nullptr;
}

ReleaseLog ReleaseLog::following(const std::string& channel, const std::string& name,
                                 FollowedChannel origin) const {
  ReleaseLog log = *this;
  if (log.followed_.size() >= kMostBundles) log.followed_.clear(); // all are looked at again
  log.followed_[name + ':' + channel] = std::move(origin);
  return log;
}

bool ReleaseLog::forget_oldest() {
  const auto is_in_use = [this](const SnapshotPtr& one) {
    return one == stable_ || one == candidate_;
  };
  const std::uint64_t back = before_.empty() ? 0 : before_.back();
  auto goes = std::ranges::find_if(snapshots_, [&](const SnapshotPtr& one) {
    return !is_in_use(one) && one->print() != back; // which a rollback needs
  });
  if (goes == snapshots_.end()) goes = std::ranges::find_if_not(snapshots_, is_in_use);
  if (goes == snapshots_.end()) return false;
  const std::uint64_t gone = (*goes)->print();
  snapshots_.erase(goes);
  std::erase(before_, gone);
  allow_again(gone);
  return true;
}

const SnapshotPtr& ReleaseLog::choose(const SessionTraits& session) const {
  if (!candidate_) return stable_;
  const bool is_meant =
      is_one_of(canary_->tiers, session.tier) && is_one_of(canary_->regions, session.region);
  const bool is_drawn = mixed(session.id ^ candidate_->print()) % 1000 < canary_->permille;
  return is_meant && is_drawn ? candidate_ : stable_;
}

SnapshotPtr ReleaseLog::find(std::uint64_t print) const {
  const auto found = std::ranges::find_if(
      snapshots_, [print](const SnapshotPtr& one) { return one->print() == print; });
  return found != snapshots_.end() ? *found : nullptr;
}

std::vector<SnapshotPtr> ReleaseLog::held(std::chrono::seconds session) const {
  std::vector<SnapshotPtr> held{stable_};
  const auto add = [&held](const SnapshotPtr& one) {
    if (one && std::ranges::find(held, one) == held.end()) held.push_back(one);
  };
  add(candidate_);
  if (releases_.empty()) return held;
  const auto since = releases_.back().at - session;
  for (auto release = releases_.rbegin(); release != releases_.rend(); ++release) {
    if (hold_of(release->snapshot).kind != Hold::nothing) add(find(release->snapshot));
    if (release->at < since) break; // in force then
  }
  return held;
}

ReleaseLog::Hold ReleaseLog::hold_of(std::uint64_t print) const {
  if (print == stable_->print()) return {Hold::keeps};
  const auto taken = std::ranges::find(taken_back_, print, &TakenBack::print);
  if (taken != taken_back_.end()) {
    return {taken->at_once ? Hold::nothing : Hold::page_long, taken->at};
  }
  return {find(print) ? Hold::keeps : Hold::unknown};
}

} // namespace selvedge::bundle
