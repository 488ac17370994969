#include <selvedge/cache/stored_response.hpp>

#include <selvedge/base/block_bytes.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

// What the store's index and the memory of its eviction policy take for one response, at worst: a
// slot of 48 bytes and one of metadata in a flat map that may be 7/16 full, and as much again for
// the fingerprint that S3-FIFO remembers in a smaller map and a queue.
constexpr std::size_t kIndexBytes = 192;

// Short strings live inside the object.
std::size_t outside_bytes(const std::string& text) {
  return text.capacity() <= std::string().capacity() ? 0 : base::block_bytes(text.capacity() + 1);
}

} // namespace

base::Seconds Freshness::age(base::Steady now) const {
  // Each worker keeps its own reading of the clock: that of another may be a little behind.
  const auto resident = std::max(now - response_time, base::Steady::duration::zero());
  return initial_age + std::chrono::floor<base::Seconds>(resident);
}

StoredResponse::StoredResponse(Parts parts, MemoryLedger* ledger)
    : parts_(std::move(parts)), ledger_(ledger),
      own_bytes_(base::block_bytes(sizeof(StoredResponse)) + parts_.head.allocated_bytes() +
                 outside_bytes(parts_.key) + outside_bytes(parts_.vary) + kIndexBytes +
                 (parts_.body ? base::block_bytes(sizeof(Body)) : 0)) {
  if (ledger_ != nullptr) ledger_->take(own_bytes_);
}

StoredResponse::~StoredResponse() {
  if (ledger_ != nullptr) ledger_->give_back(own_bytes_);
}

} // namespace selvedge::cache
