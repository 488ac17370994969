#include <selvedge/cache/stored_response.hpp>

#include <selvedge/base/assert.hpp>
#include <selvedge/base/block_bytes.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

// What the store's index and the memory of its eviction policy take for one response, at worst: a
// slot of 48 bytes and one of metadata in a flat map that may be 7/16 full; for the fingerprint
// that S3-FIFO remembers a slot of a smaller map and one of a queue, or for GDSF 16 bytes in a heap
// and 16 for what is remembered, each in an array that may be half full.
constexpr std::size_t kIndexBytes = 192;

constexpr base::Steady::duration kFailureMemory = std::chrono::seconds{1};

// Short strings live inside the object.
std::size_t outside_bytes(const std::string& text) {
  return text.capacity() <= std::string().capacity() ? 0 : base::block_bytes(text.capacity() + 1);
}

// What they point to is charged by the index that made them, once for all responses that share it.
std::size_t outside_bytes(const Tags& tags) {
  return tags.capacity() == 0 ? 0 : base::block_bytes(tags.capacity() * sizeof(TagPtr));
}

// Each of them once, so that a receipt counts the response once: fields may repeat names.
Tags distinct(Tags tags) {
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  tags.shrink_to_fit();
  return tags;
}

} // namespace

base::Seconds Freshness::age(base::Steady now) const {
  // Each worker keeps its own reading of the clock: that of another may be a little behind.
  const auto resident = std::max(now - response_time, base::Steady::duration::zero());
  return initial_age + std::chrono::floor<base::Seconds>(resident);
}

StoredResponse::StoredResponse(Parts parts, MemoryLedger* ledger, std::size_t elsewhere)
    : owner(parts.owner), is_partial_(parts.content_range.has_value()),
      purge_state_{.born = parts.born, .tags = distinct(std::move(parts.tags))},
      parts_(std::move(parts)), ledger_(ledger),
      own_bytes_(base::block_bytes(sizeof(StoredResponse)) + parts_.head.allocated_bytes() +
                 parts_.steering.allocated_bytes() + outside_bytes(parts_.key) +
                 outside_bytes(parts_.vary) + outside_bytes(parts_.vary_as_sent) +
                 outside_bytes(purge_state_.tags) + kIndexBytes +
                 (parts_.body ? base::block_bytes(sizeof(Body)) : 0) + elsewhere) {
  SELVEDGE_ASSERT(parts_.owner < kOwners);
  if (ledger_ != nullptr) ledger_->take(own_bytes_);
}

bool StoredResponse::has_origin_failed_lately(base::Steady now) const {
  const base::Steady::rep failed = origin_failure_.load(std::memory_order_relaxed);
  return failed != 0 && now.time_since_epoch().count() - failed < kFailureMemory.count();
}

StoredResponse::~StoredResponse() {
  if (ledger_ != nullptr) ledger_->give_back(own_bytes_);
}

} // namespace selvedge::cache
