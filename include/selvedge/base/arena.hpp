// Memory that lives as long as one exchange: bump allocation, freed all at once. The first block is
// part of the arena, so that a typical exchange allocates nothing.
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace selvedge::base {

class Arena {
public:
  static constexpr std::size_t kInlineBytes = 4096;

  Arena() = default;
  ~Arena() { clear(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    const std::size_t at = (used_ + alignment - 1) & ~(alignment - 1);
    if (at + bytes <= capacity_) {
      used_ = at + bytes;
      return current_ + at;
    }
    return allocate_block(bytes, alignment);
  }

  // A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Constructs a T whose destructor the caller runs (or which has a trivial one).
  template <typename T, typename... Args> T* make(Args&&... args) {
    return ::new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  // Frees everything; views and objects from before are gone.
  void clear();
  std::size_t allocated_blocks() const { return blocks_; }

private:
  struct Block {
    Block* next;
  };
  void* allocate_block(std::size_t bytes, std::size_t alignment);

  char* current_ = inline_;
  std::size_t used_ = 0;
  std::size_t capacity_ = kInlineBytes;
  Block* heap_ = nullptr;
  std::size_t blocks_ = 0;
  alignas(std::max_align_t) char inline_[kInlineBytes];
};

} // namespace selvedge::base
