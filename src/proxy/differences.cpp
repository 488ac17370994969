#include <selvedge/proxy/differences.hpp>

#include "compression.hpp"
#include "difference.hpp"
#include "thread_time.hpp"

#include <algorithm>

namespace selvedge::proxy {

namespace {

// What was made, or could not be, is not made again before: who has many versions could ask for one
// after the other, and each takes the place of another.
constexpr base::Seconds kPause{600};

base::Fingerprint print_of(std::string_view text, const cache::ContentDigest& digest) {
  std::string both(text);
  both.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return base::fingerprint(both);
}

base::Fingerprint pair_of(const Differences::Wanted& wanted) {
  const std::string content = wanted.key + '\n' + std::to_string(wanted.content_id);
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
  keys_.put(print, std::string(key));
}

bool Differences::has_room(const Task& task) const {
  if (task.wanted.asker == Asker::release) return waiting_.size() < kMostWaiting;
  return waiting_.size() < kMostOfClients &&
         std::ranges::count(waiting_, task.asset, &Task::asset) <
             static_cast<std::ptrdiff_t>(kMostOfAsset);
}

void Differences::want(std::string_view place, Wanted wanted) {
  Task task;
  task.pair = pair_of(wanted);
  task.at_place = print_of(place, wanted.dictionary);
  task.asset = base::fingerprint(place);
  task.wanted = std::move(wanted);
  const std::lock_guard lock(mutex_);
  const base::Steady* const until = known_.find(task.pair);
  if (until != nullptr && task.wanted.now < *until) return;
  const std::string* const key = keys_.find(task.at_place);
  if (key == nullptr) {
    counters_.unknown.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (!has_room(task)) {
    counters_.full.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  task.dictionary_key = *key;
  known_.put(task.pair, base::Steady::max());
  waiting_.push_back(std::move(task));
  if (waiting_.size() == 1) jobs_.post([this] { begin(); });
}

void Differences::begin() {
  std::unique_lock lock(mutex_);
  const Task& task = waiting_.front(); // what is put behind it leaves it where it is
  lock.unlock();
  const End found = begin(task);
  if (found != End::begun) return end(found);
  idle_.post([this] { encode(); });
}

Differences::End Differences::begin(const Task& task) {
  const auto find = [this](const std::string& key, auto is_it) -> cache::StoredResponsePtr {
    const auto all = store_.variants({key, base::fingerprint(key)});
    const auto found = std::ranges::find_if(
        all, [&is_it](const cache::StoredResponsePtr& one) { return is_it(*one); });
    return found != all.end() ? *found : nullptr;
  };
  const Wanted& wanted = task.wanted;
  const auto is_of_content = [&wanted](const cache::StoredResponse& one) {
    return !one.is_pass_marker() && one.content_id() == wanted.content_id;
  };
  const auto is_there = find(wanted.key, [&](const cache::StoredResponse& one) {
    return is_of_content(one) && one.dictionary() && *one.dictionary() == wanted.dictionary;
  });
  if (is_there) return End::there_already;
  Difference::Task made;
  made.compression = wanted.compression;
  made.content = find(wanted.key, [&](const cache::StoredResponse& one) {
    return is_whole_as_it_came(one) && is_of_content(one);
  });
  made.dictionary = find(task.dictionary_key, [&wanted](const cache::StoredResponse& one) {
    return is_whole_as_it_came(one) && one.body().digest() != nullptr &&
           *one.body().digest() == wanted.dictionary;
  });
  if (!made.dictionary) return End::no_dictionary;
  if (!made.content) return End::no_content;
  if (!made.compression->may_compare(*made.content, *made.dictionary)) return End::too_large;
  current_ = std::make_unique<Difference>(jobs_, store_, std::move(made));
  return End::begun;
}

// A slice of it, as an idle job: it takes no lock.
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
  note(waiting_.front(), end);
  waiting_.pop_front();
  if (!waiting_.empty()) jobs_.post([this] { begin(); });
}

// Requires: the lock is held.
void Differences::note(const Task& task, End end) {
  CodingCounters& counters = jobs_.counters(coding::ContentCoding::dcz);
  base::Steady until = task.wanted.now + kPause;
  switch (end) {
  case End::begun:
  case End::there_already:
    break;
  case End::made:
    counters.variants.fetch_add(1, std::memory_order_relaxed);
    break;
  case End::too_large: // it is so the next time, too
    counters_.too_large.fetch_add(1, std::memory_order_relaxed);
    until = base::Steady::max();
    break;
  case End::failed:
    counters.failed.fetch_add(1, std::memory_order_relaxed);
    break;
  case End::no_content:
    return known_.erase(task.pair);
  case End::no_dictionary:
    counters_.unknown.fetch_add(1, std::memory_order_relaxed);
    keys_.erase(task.at_place);
    return known_.erase(task.pair);
  }
  known_.put(task.pair, until);
}

} // namespace selvedge::proxy
