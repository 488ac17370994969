#include <selvedge/base/arena.hpp>

#include <algorithm>

namespace selvedge::base {

namespace {
constexpr std::size_t kBlockBytes = 16384;
}

void* Arena::allocate_block(std::size_t bytes, std::size_t alignment) {
  const std::size_t head = (sizeof(Block) + alignment - 1) & ~(alignment - 1);
  const std::size_t size = std::max(kBlockBytes, head + bytes);
  auto* block = static_cast<Block*>(::operator new(size));
  block->next = heap_;
  heap_ = block;
  ++blocks_;
  current_ = reinterpret_cast<char*>(block);
  capacity_ = size;
  used_ = head + bytes;
  return current_ + head;
}

void Arena::clear() {
  while (heap_ != nullptr) {
    Block* next = heap_->next;
    ::operator delete(heap_);
    heap_ = next;
  }
  current_ = inline_;
  used_ = 0;
  capacity_ = kInlineBytes;
  blocks_ = 0;
}

} // namespace selvedge::base
