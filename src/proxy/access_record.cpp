#include <selvedge/proxy/access_record.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace selvedge::proxy {

void AccessRecord::set(Part part, std::string_view text) {
  const std::size_t size = std::min<std::size_t>(text.size(), kText - used_);
  if (size > 0) std::memcpy(text_.data() + used_, text.data(), size);
  begins_[part] = used_;
  used_ = static_cast<std::uint16_t>(used_ + size);
  ends_[part] = used_;
}

std::string_view AccessRecord::get(Part part) const {
  return {text_.data() + begins_[part], static_cast<std::size_t>(ends_[part] - begins_[part])};
}

AccessRing::AccessRing(std::size_t records)
    : records_(std::bit_ceil(std::max<std::size_t>(records, 2))), mask_(records_.size() - 1) {}

AccessRecord* AccessRing::reserve() {
  const std::size_t tail = tail_.load(std::memory_order_relaxed);
  if (tail - head_.load(std::memory_order_acquire) == records_.size()) {
    dropped_.add();
    return nullptr;
  }
  AccessRecord& record = records_[tail & mask_];
  record.clear();
  return &record;
}

void AccessRing::push() {
  tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

const AccessRecord* AccessRing::front() const {
  const std::size_t head = head_.load(std::memory_order_relaxed);
  if (head == tail_.load(std::memory_order_acquire)) return nullptr;
  return &records_[head & mask_];
}

void AccessRing::pop() {
  head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

} // namespace selvedge::proxy
