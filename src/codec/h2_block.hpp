// The block of output that is being filled. Thread: one.
#pragma once

#include <cstddef>
#include <span>

namespace selvedge::codec::h2 {

class Block {
public:
  explicit Block(std::span<char> bytes) : bytes_(bytes) {}

  char* at() { return bytes_.data() + size_; }
  std::span<char> rest() { return bytes_.subspan(size_); }
  std::size_t room() const { return bytes_.size() - size_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return bytes_.size(); }
  bool is_empty() const { return size_ == 0; }
  void advance(std::size_t bytes) { size_ += bytes; }
  void advance_to(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.data()); }

private:
  std::span<char> bytes_;
  std::size_t size_ = 0;
};

} // namespace selvedge::codec::h2
