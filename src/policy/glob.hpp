// A pattern with * in it, ready to be compared. * stands for any text, "/" and nothing included;
// every other character stands for itself. Thread: any, once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

// A text that is compared with many patterns. Its ends are read once, eight bytes each: they tell
// most patterns that do not match, and many that do, without another look at the text.
struct GlobSubject {
  static constexpr std::size_t kEnd = sizeof(std::uint64_t);

  explicit GlobSubject(std::string_view subject)
      : text(subject), head(head_of(subject)), tail(tail_of(subject)) {}

  static std::uint64_t head_of(std::string_view text) {
    std::uint64_t word = 0;
    if (text.size() >= kEnd) {
      std::memcpy(&word, text.data(), kEnd);
      return word;
    }
    for (std::size_t i = text.size(); i-- > 0;)
      word = word << 8 | static_cast<std::uint8_t>(text[i]);
    return word;
  }
  static std::uint64_t tail_of(std::string_view text) {
    if (text.size() >= kEnd) return head_of(text.substr(text.size() - kEnd));
    return text.empty() ? 0 : head_of(text) << (8 * (kEnd - text.size()));
  }

  std::string_view text;
  std::uint64_t head; // the first bytes, the very first lowest; zeros behind a short text
  std::uint64_t tail; // the last bytes, the very last highest; zeros before a short text
};

class Glob {
public:
  explicit Glob(std::string_view pattern);

  bool matches(const GlobSubject& subject) const {
    if (((subject.head ^ head_) & head_mask_) != 0) return false;
    if (((subject.tail ^ tail_) & tail_mask_) != 0) return false;
    const std::size_t size = subject.text.size();
    if (size < shortest_ || size > longest_) return false;
    return !has_more_ || rest_matches(subject.text);
  }
  // Whether this matches all that `other` does. A star of `other` can only have been taken by one
  // of this, which takes whatever that star stands for as well.
  bool covers(const Glob& other) const { return matches(GlobSubject(other.pattern_)); }

private:
  // What lies between two stars. It is searched by its least common character.
  struct Part {
    std::string text;
    std::size_t rarest;
  };

  void split();
  void keep_ends();
  bool rest_matches(std::string_view text) const;
  static std::size_t find(const Part& part, std::string_view text);

  std::uint64_t head_ = 0;
  std::uint64_t head_mask_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t tail_mask_ = 0;
  std::size_t shortest_ = 0; // texts that match: the ends do not overlap
  std::size_t longest_ = 0;
  bool has_more_ = false;    // than the two ends tell
  std::size_t prefix_ = 0;   // bytes before the first star
  std::size_t suffix_ = 0;   // bytes after the last; all of them when there is no star
  std::vector<Part> middle_; // in order
  std::string pattern_;
};

using Globs = std::vector<Glob>;

Globs globs_of(const std::vector<std::string>& patterns);
inline bool matches_any(const Globs& globs, const GlobSubject& subject) {
  for (const Glob& glob : globs) {
    if (glob.matches(subject)) return true;
  }
  return false;
}
// Each of `others` is covered by one of `globs`.
bool covers_all(const Globs& globs, const Globs& others);

} // namespace selvedge::policy
