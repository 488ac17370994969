#include "glob.hpp"

#include <algorithm>

namespace selvedge::policy {

namespace {

constexpr std::size_t kEnd = GlobSubject::kEnd;

std::uint64_t low_bytes(std::size_t count) {
  return count >= kEnd ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
}

// Of characters in paths and names of types.
unsigned commonness(char c) {
  if (std::string_view("/aeiorstnlc").find(c) != std::string_view::npos) return 3;
  if ((c >= 'a' && c <= 'z') || c == '.') return 2;
  return c == '-' || (c >= '0' && c <= '9') ? 1 : 0;
}

std::size_t rarest_in(std::string_view text) {
  const auto rarest = std::min_element(
      text.begin(), text.end(), [](char a, char b) { return commonness(a) < commonness(b); });
  return static_cast<std::size_t>(rarest - text.begin());
}

} // namespace

Glob::Glob(std::string_view pattern) : pattern_(pattern) {
  split();
  keep_ends();
}

void Glob::split() {
  const std::size_t first = pattern_.find('*');
  if (first == std::string::npos) {
    prefix_ = suffix_ = shortest_ = longest_ = pattern_.size();
    has_more_ = prefix_ > 2 * kEnd;
    return;
  }
  const std::size_t last = pattern_.rfind('*');
  prefix_ = first;
  suffix_ = pattern_.size() - last - 1;
  for (std::size_t at = first + 1; at < last;) {
    const std::size_t end = pattern_.find('*', at);
    const std::string part = pattern_.substr(at, end - at);
    if (!part.empty()) middle_.push_back({part, rarest_in(part)});
    at = end + 1;
  }
  shortest_ = prefix_ + suffix_;
  longest_ = std::string::npos;
  has_more_ = prefix_ > kEnd || suffix_ > kEnd || !middle_.empty();
}

void Glob::keep_ends() {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");
  const std::string_view pattern = pattern_;
  head_mask_ = low_bytes(prefix_);
  head_ = GlobSubject::head_of(pattern.substr(0, prefix_));
  tail_mask_ = ~low_bytes(kEnd - std::min(kEnd, suffix_));
  tail_ = GlobSubject::tail_of(pattern.substr(pattern.size() - suffix_));
}

// Of a text that is long enough.
bool Glob::rest_matches(std::string_view text) const {
  const std::string_view pattern = pattern_;
  if (prefix_ > kEnd && !text.starts_with(pattern.substr(0, prefix_))) return false;
  if (suffix_ > kEnd && !text.ends_with(pattern.substr(pattern.size() - suffix_))) return false;
  if (middle_.empty()) return true;
  // The leftmost place for each leaves the most room for those that follow.
  text = text.substr(prefix_, text.size() - prefix_ - suffix_);
  for (const Part& part : middle_) {
    const std::size_t at = find(part, text);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + part.text.size());
  }
  return true;
}

std::size_t Glob::find(const Part& part, std::string_view text) {
  const std::string_view wanted = part.text;
  if (text.size() < wanted.size()) return std::string_view::npos;
  const std::size_t last = text.size() - wanted.size(); // where it may begin
  const std::string_view places = text.substr(part.rarest, last + 1);
  for (std::size_t at = 0; (at = places.find(wanted[part.rarest], at)) != std::string_view::npos;
       ++at) {
    if (text.substr(at, wanted.size()) == wanted) return at;
  }
  return std::string_view::npos;
}

Globs globs_of(const std::vector<std::string>& patterns) {
  Globs globs;
  globs.reserve(patterns.size());
  for (const std::string& pattern : patterns) globs.emplace_back(pattern);
  return globs;
}

bool covers_all(const Globs& globs, const Globs& others) {
  return std::all_of(others.begin(), others.end(), [&globs](const Glob& other) {
    return std::any_of(globs.begin(), globs.end(),
                       [&other](const Glob& glob) { return glob.covers(other); });
  });
}

} // namespace selvedge::policy
