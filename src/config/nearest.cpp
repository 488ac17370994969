#include <selvedge/config/nearest.hpp>

#include <algorithm>

namespace selvedge::config {

// The optimal string alignment distance, with the three last rows of its table.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& names) {
  constexpr std::size_t kLongestName = 64; // longer text is no slip of the finger
  if (typed.size() > kLongestName) return {};
  const std::string* nearest = nullptr;
  std::size_t least = typed.size() / 3 + 2; // a third of the letters wrong is still a likely slip
  for (const std::string& name : names) {
    if (name.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(typed, name);
    if (distance >= least || distance >= name.size()) continue;
    least = distance;
    nearest = &name;
  }
  return nearest ? " (did you mean '" + *nearest + "'?)" : std::string{};
}

} // namespace selvedge::config
