// Bytes of frames that wait for the next block. Little is held while nothing waits. Thread: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace selvedge::codec::h2 {

class ByteQueue {
public:
  bool is_empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size() - taken_; }

  // Room behind the rest; what is not used of it is given back by trim().
  char* extend(std::size_t room) {
    bytes_.resize(bytes_.size() + room);
    return bytes_.data() + bytes_.size() - room;
  }
  void trim(const char* end) { bytes_.resize(static_cast<std::size_t>(end - bytes_.data())); }

  // Moves what fits to `to` and says how much it was.
  std::size_t take(std::span<char> to) {
    const std::size_t n = std::min(size(), to.size());
    if (n == 0) return 0;
    std::memcpy(to.data(), bytes_.data() + taken_, n);
    taken_ += n;
    if (taken_ == bytes_.size()) clear();
    return n;
  }

private:
  static constexpr std::size_t kKept = 512;

  void clear() {
    taken_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kKept) bytes_.shrink_to_fit();
  }

  std::vector<char> bytes_;
  std::size_t taken_ = 0;
};

} // namespace selvedge::codec::h2
