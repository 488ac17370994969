#include "hpack_table.hpp"

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <utility>

namespace selvedge::codec::hpack {

DynamicTable::DynamicTable(std::uint32_t limit, std::size_t capacity)
    : limit_(limit), mask_(static_cast<std::uint32_t>(capacity / kEntryOverhead) - 1),
      capacity_(capacity), entries_(std::make_unique<Entry[]>(capacity / kEntryOverhead)),
      texts_(std::make_unique_for_overwrite<char[]>(capacity)) {
  SELVEDGE_ASSERT(limit <= kTableBytes);
}

void DynamicTable::add(const Field& field) {
  const std::size_t bytes = bytes_of(field.name, field.value);
  SELVEDGE_ASSERT(bytes <= limit_);
  evict_to(limit_ - bytes);
  if (bytes_ + bytes > capacity_) grow(bytes_ + bytes);
  const auto at = static_cast<std::uint16_t>(text_end_);
  if (field.place >= kFirstShared) put_text(field.name);
  put_text(field.value);
  put_entry({.hash = field.hash,
             .at = at,
             .name_size = static_cast<std::uint16_t>(field.name.size()),
             .value_size = static_cast<std::uint16_t>(field.value.size()),
             .place = field.place});
  bytes_ += bytes;
}

void DynamicTable::set_limit(std::uint32_t limit) {
  SELVEDGE_ASSERT(limit <= kTableBytes);
  limit_ = limit;
  evict_to(limit);
}

std::size_t DynamicTable::allocated_bytes() const {
  return sizeof *this + capacity_ + capacity_ / kEntryOverhead * sizeof(Entry);
}

bool DynamicTable::is_text_around_the_end(std::size_t at, std::string_view text) const {
  const std::size_t first = capacity_ - at;
  return text.substr(0, first) == std::string_view(texts_.get() + at, first) &&
         text.substr(first) == std::string_view(texts_.get(), text.size() - first);
}

void DynamicTable::evict_to(std::size_t bytes) {
  while (bytes_ > bytes) {
    const Entry& oldest = entry_of(size_ - 1);
    bytes_ -= kEntryOverhead + oldest.name_size + oldest.value_size;
    --size_;
  }
}

void DynamicTable::put_text(std::string_view text) {
  const std::size_t first = text.copy(texts_.get() + text_end_, capacity_ - text_end_);
  text.substr(first).copy(texts_.get(), capacity_);
  text_end_ = (text_end_ + text.size()) & (capacity_ - 1);
}

void DynamicTable::put_entry(const Entry& entry) {
  const auto position = static_cast<Position>(added_ & mask_);
  entries_[position] = entry;
  youngest_[entry.place] = position;
  Bucket& bucket = buckets_[entry.hash % kBuckets];
  bucket = bucket << 8 | position; // the oldest of five is forgotten
  ++added_;
  ++size_;
}

// Adds every entry again, in its order, to rings that hold `bytes`.
void DynamicTable::grow(std::size_t bytes) {
  std::size_t capacity = capacity_;
  while (capacity < bytes) capacity *= 2;
  DynamicTable grown(limit_, capacity);
  for (Age age = size_; age-- > 0;) {
    Entry entry = entry_of(age);
    const std::size_t text_bytes = stored_name_size(entry) + entry.value_size;
    const std::size_t first = std::min(text_bytes, capacity_ - entry.at);
    const char* const from = texts_.get() + entry.at;
    entry.at = static_cast<std::uint16_t>(grown.text_end_);
    grown.put_text({from, first});
    grown.put_text({texts_.get(), text_bytes - first});
    grown.put_entry(entry);
  }
  grown.bytes_ = bytes_;
  grown.sent_ = sent_;
  *this = std::move(grown);
}

} // namespace selvedge::codec::hpack
