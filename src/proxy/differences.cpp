#include <selvedge/proxy/differences.hpp>

#include "compression.hpp"
#include "difference.hpp"
#include "thread_time.hpp"

#include <algorithm>
#include <utility>

namespace selvedge::proxy {

namespace {

// What was made, or could not be, is not made again before: who has many versions could ask for one
// after the other, and each takes the place of another.
constexpr base::Seconds kPause{600};
// What saves too little does so until the configuration says otherwise.
constexpr base::Seconds kLongPause{24 * 3600};

base::Fingerprint print_of(std::string_view text, const cache::ContentDigest& digest) {
  std::string both(text);
  both.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return base::fingerprint(both);
}

base::Fingerprint pair_of(const Differences::Wanted& wanted) {
  const std::string content =
      wanted.key + '\n' + std::to_string(wanted.content_id) + '\n' + wanted.vary;
  return print_of(content, wanted.dictionary);
}

bool is_whole_as_it_came(const cache::StoredResponse& one) {
  return one.coding() == cache::kAsItCame && !one.is_pass_marker() && !one.is_partial() &&
         one.status() == 200;
}

} // namespace

Differences::Differences(CodingJobs& jobs, Jobs& idle, cache::Store& store)
    : jobs_(jobs), idle_(idle), store_(store) {}

Differences::~Differences() = default;

void Differences::add(std::string_view place, const cache::ContentDigest& digest,
                      std::string_view key) {
  if (key.size() > kLongestKey) return;
  const base::Fingerprint print = print_of(place, digest);
  const std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  if (const auto* const before = keys_.find(print)) keys = *before;
  if (std::ranges::find(keys, key) != keys.end()) return;
  if (keys.size() == kMostKeys) keys.erase(keys.begin());
  keys.emplace_back(key);
  keys_.put(print, std::move(keys));
}

bool Differences::has_room(const Task& task) const {
  if (task.wanted.asker == Asker::release) return of_releases_.size() < kMostOfReleases;
  return of_clients_.size() < kMostOfClients &&
         std::ranges::count(of_clients_, task.asset, &Task::asset) <
             static_cast<std::ptrdiff_t>(kMostOfAsset);
}

void Differences::want(std::string_view place, Wanted wanted) {
  Task task;
  task.pair = pair_of(wanted);
  task.at_place = print_of(place, wanted.dictionary);
  task.asset = base::fingerprint(place);
  task.wanted = std::move(wanted);
  const std::lock_guard lock(mutex_);
  latest_ = std::max(latest_, task.wanted.now);
  const base::Steady* const until = known_.find(task.pair);
  if (until != nullptr && task.wanted.now < *until) return;
  const auto* const keys = keys_.find(task.at_place);
  if (keys == nullptr) {
    counters_.unknown.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (!has_room(task)) {
    counters_.full.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  task.dictionary_keys = *keys;
  known_.put(task.pair, base::Steady::max());
  (task.wanted.asker == Asker::release ? of_releases_ : of_clients_).push_back(std::move(task));
  if (!std::exchange(is_making_, true)) jobs_.post([this] { begin_next(); });
}

// What a release wants goes first.
void Differences::begin_next() {
  {
    const std::lock_guard lock(mutex_);
    std::deque<Task>& from = of_releases_.empty() ? of_clients_ : of_releases_;
    task_ = std::move(from.front());
    from.pop_front();
  }
  const End found = begin();
  if (found != End::begun) return end(found);
  idle_.post([this] { encode(); });
}

// Of the versions that have that content, one that is stored; null: there is none.
cache::StoredResponsePtr Differences::find_dictionary() const {
  for (const std::string& key : task_.dictionary_keys) {
    for (const auto& one : store_.variants({key, base::fingerprint(key)})) {
      const bool is_it = is_whole_as_it_came(*one) && one->body().digest() != nullptr &&
                         *one->body().digest() == task_.wanted.dictionary;
      if (is_it) return one;
    }
  }
  return nullptr;
}

Differences::End Differences::begin() {
  const Wanted& wanted = task_.wanted;
  Difference::Task made;
  made.compression = wanted.compression;
  made.dictionary = find_dictionary();
  if (!made.dictionary) return End::no_dictionary;
  for (const auto& one : store_.variants({wanted.key, base::fingerprint(wanted.key)})) {
    const bool is_of_it = !one->is_pass_marker() && one->content_id() == wanted.content_id &&
                          one->vary() == wanted.vary;
    if (!is_of_it) continue;
    if (one->dictionary() && *one->dictionary() == wanted.dictionary) return End::there_already;
    const auto standing = store_.purges().standing(one->purge_state());
    if (is_whole_as_it_came(*one) && standing == cache::Standing::valid) made.content = one;
  }
  if (!made.content) return End::no_content;
  if (!made.compression->may_compare(*made.content, *made.dictionary)) return End::too_large;
  current_ = std::make_unique<Difference>(jobs_, store_, std::move(made));
  return End::begun;
}

// A slice of it, as an idle job.
void Differences::encode() {
  const std::uint64_t began = thread_nanoseconds();
  const Difference::State state = current_->advance();
  jobs_.counters(coding::ContentCoding::dcz)
      .thread_ns.fetch_add(thread_nanoseconds() - began, std::memory_order_relaxed);
  switch (state) {
  case Difference::State::going_on:
    return idle_.post([this] { encode(); });
  case Difference::State::coded:
    return jobs_.post([this] { store(); });
  case Difference::State::too_large:
    return jobs_.post([this] { end(End::too_large); });
  case Difference::State::failed:
    return jobs_.post([this] { end(End::failed); });
  }
}

void Differences::store() {
  switch (current_->store()) {
  case Difference::Stored::made:
    return end(End::made);
  case Difference::Stored::too_large:
    return end(End::too_large);
  case Difference::Stored::no_content:
    return end(End::no_content);
  }
}

void Differences::end(End end) {
  current_.reset();
  const std::lock_guard lock(mutex_);
  note(end);
  is_making_ = !of_releases_.empty() || !of_clients_.empty();
  if (is_making_) jobs_.post([this] { begin_next(); });
}

// Requires: the lock is held.
void Differences::note(End end) {
  CodingCounters& counters = jobs_.counters(coding::ContentCoding::dcz);
  base::Steady until = latest_ + kPause;
  switch (end) {
  case End::begun:
  case End::there_already:
    break;
  case End::made:
    counters.variants.fetch_add(1, std::memory_order_relaxed);
    break;
  case End::too_large:
    counters_.too_large.fetch_add(1, std::memory_order_relaxed);
    until = latest_ + kLongPause;
    break;
  case End::failed:
    counters.failed.fetch_add(1, std::memory_order_relaxed);
    break;
  case End::no_content:
    return known_.erase(task_.pair);
  case End::no_dictionary:
    counters_.unknown.fetch_add(1, std::memory_order_relaxed);
    keys_.erase(task_.at_place);
    return known_.erase(task_.pair);
  }
  known_.put(task_.pair, until);
}

} // namespace selvedge::proxy
