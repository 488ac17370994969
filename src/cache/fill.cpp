#include <selvedge/cache/fill.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

namespace selvedge::cache {

void Fill::subscribe(Reader& reader) {
  const std::lock_guard lock(mutex_);
  reader.first_ = first_;
  readers_.push_back(reader);
}

std::size_t Fill::unsubscribe(Reader& reader) {
  boost::intrusive_ptr<Chunk> unread; // freed after the lock
  const std::lock_guard lock(mutex_);
  unread.swap(reader.first_);
  if (reader.is_linked()) readers_.erase(readers_.iterator_to(reader));
  if (readers_.empty() && producer_ != nullptr) producer_->on_abandoned();
  return readers_.size();
}

boost::intrusive_ptr<Chunk> Fill::take_first(Reader& reader) {
  const std::lock_guard lock(mutex_);
  return std::move(reader.first_);
}

std::size_t Fill::readers() const {
  const std::lock_guard lock(mutex_);
  return readers_.size();
}

void Fill::settle(State state) {
  state_.store(state, std::memory_order_release);
  wake_readers();
}

void Fill::stream(boost::intrusive_ptr<StoredResponse> response) {
  SELVEDGE_ASSERT(state() == State::waiting);
  response_ = std::move(response);
  settle(State::streaming);
}

void Fill::keep_alone(boost::intrusive_ptr<StoredResponse> response) {
  SELVEDGE_ASSERT(state() == State::waiting);
  response_ = std::move(response);
  settle(State::alone);
}

void Fill::complete() {
  response_->body().finish();
  // An answer kept alone stays so: its followers must not take it for theirs.
  settle(state() == State::alone ? State::alone : State::complete);
}

void Fill::fail(base::Error error) {
  if (response_) response_->body().fail(error);
  error_ = error;
  settle(state() == State::alone ? State::alone : State::failed);
}

void Fill::wake_readers() {
  const std::lock_guard lock(mutex_);
  if (!first_was_given_ && response_ && response_->body().first() != nullptr) {
    first_was_given_ = true;
    boost::intrusive_ptr<Chunk> first = response_->body().first();
    for (Reader& reader : readers_) reader.first_ = first;
    if (forgets_) {
      response_->body().forget_beginning();
    } else {
      first_ = std::move(first);
    }
  }
  for (Reader& reader : readers_) reader.on_progress();
}

void Fill::forget_beginning() {
  const std::lock_guard lock(mutex_);
  forgets_ = true;
  first_.reset();
  if (first_was_given_) response_->body().forget_beginning();
}

void Fill::set_producer(Producer* producer) {
  const std::lock_guard lock(mutex_);
  producer_ = producer;
}

bool Fill::wait_for_room(std::size_t window) {
  // Announce, then look: a reader frees, then looks whether somebody waits (both seq_cst), so one
  // of the two sees the other.
  window_.store(window);
  if (response_->body().live_bytes() > window) return true;
  window_.store(0);
  return false;
}

void Fill::note_consumed() {
  const std::size_t window = window_.load();
  if (window == 0 || response_->body().live_bytes() > window) return;
  const std::lock_guard lock(mutex_);
  if (window_.exchange(0) != 0 && producer_ != nullptr) producer_->on_room();
}

// --- FillTable

struct alignas(64) FillTable::Stripe {
  using Fills = boost::container::small_vector<FillPtr, 1>; // of one key
  mutable std::mutex mutex;
  boost::unordered_flat_map<base::Fingerprint, Fills, base::FingerprintHash> by_print;

  FillPtr find(const CacheKey& key, std::string_view variant) const {
    const auto found = by_print.find(key.print);
    if (found == by_print.end()) return nullptr;
    for (const FillPtr& fill : found->second) {
      if (fill->key() == key.text && fill->variant() == variant) return fill;
    }
    return nullptr;
  }
  FillPtr add(const CacheKey& key, std::string_view variant) {
    FillPtr fill(new Fill(std::string(key.text), key.print, std::string(variant)));
    by_print[key.print].push_back(fill);
    return fill;
  }
};

FillTable::FillTable(std::size_t stripes)
    : stripe_count_(stripes), stripes_(std::make_unique<Stripe[]>(stripes)) {}

FillTable::~FillTable() = default;

FillTable::Stripe& FillTable::stripe_of(const base::Fingerprint& print) const {
  return stripes_[print.high % stripe_count_];
}

FillTable::Joined FillTable::join(const CacheKey& key, std::string_view variant,
                                  Fill::Reader& reader) {
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  FillPtr fill = stripe.find(key, variant);
  const bool is_leader = fill == nullptr;
  if (is_leader) fill = stripe.add(key, variant);
  fill->subscribe(reader);
  return {std::move(fill), is_leader};
}

FillPtr FillTable::begin(const CacheKey& key) {
  Stripe& stripe = stripe_of(key.print);
  const std::lock_guard lock(stripe.mutex);
  if (stripe.find(key, {})) return nullptr;
  return stripe.add(key, {});
}

bool FillTable::contains(const base::Fingerprint& print) const {
  const Stripe& stripe = stripe_of(print);
  const std::lock_guard lock(stripe.mutex);
  return stripe.by_print.contains(print);
}

void FillTable::remove(const Fill& fill) {
  FillPtr removed; // destroyed after the lock
  Stripe& stripe = stripe_of(fill.print());
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.by_print.find(fill.print());
  if (found == stripe.by_print.end()) return;
  Stripe::Fills& fills = found->second;
  const auto one = std::find(fills.begin(), fills.end(), &fill);
  if (one == fills.end()) return;
  removed = std::move(*one);
  fills.erase(one);
  if (fills.empty()) stripe.by_print.erase(found);
}

bool FillTable::forget(const base::Fingerprint& print) {
  Stripe::Fills removed;
  Stripe& stripe = stripe_of(print);
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.by_print.find(print);
  if (found == stripe.by_print.end()) return false;
  for (const FillPtr& fill : found->second) fill->forbid_storing();
  removed = std::move(found->second);
  stripe.by_print.erase(found);
  return true;
}

std::size_t FillTable::size() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < stripe_count_; ++i) {
    const std::lock_guard lock(stripes_[i].mutex);
    for (const auto& [print, fills] : stripes_[i].by_print) total += fills.size();
  }
  return total;
}

} // namespace selvedge::cache
