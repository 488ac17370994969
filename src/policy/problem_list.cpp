#include "problem_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace selvedge::policy {

namespace {

constexpr std::size_t kLongestName = 64; // longer text is no slip of the finger

// How many insertions, deletions and replacements make `a` into `b`.
std::size_t distance_of(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// "" when none is close enough to be what was meant.
std::string nearest_of(std::string_view typed, const std::vector<std::string>& names) {
  std::string nearest;
  if (typed.size() > kLongestName) return nearest;
  std::size_t least = typed.size() / 3 + 2; // a third of the letters wrong is still a likely slip
  for (const std::string& name : names) {
    if (name.size() > kLongestName) continue;
    const std::size_t distance = distance_of(typed, name);
    if (distance >= least || distance >= name.size()) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

template <typename List> std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.name);
  return names;
}

} // namespace

bool ProblemList::has_errors() const {
  return std::any_of(problems_.begin(), problems_.end(),
                     [](const PolicyProblem& problem) { return !problem.is_warning; });
}

std::string NameList::fault_of(std::string_view name) const {
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return {};
  const std::string nearest = nearest_of(name, names_);
  const std::string text = fmt::format("there is no {} '{}'", kind_, name);
  return nearest.empty() ? text : fmt::format("{}; did you mean '{}'?", text, nearest);
}

NameList tiers_in(const PolicyOptions& options) {
  return {"tier", names_of(options.tiers)};
}

NameList regions_in(const PolicyOptions& options) {
  return {"region", names_of(options.regions)};
}

std::string SeenNames::fault_of(std::string_view name) {
  std::string key(name);
  if (letters_ == Case::is_ignored) {
    for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  if (seen_.insert(std::move(key)).second) return {};
  return fmt::format("{} '{}' is there twice", kind_, name);
}

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", text);
}

std::string item(std::string_view list, std::size_t index) {
  return fmt::format("{}[{}]", list, index);
}

std::string share_fault(double share) {
  if (share >= 0 && share <= 1) return {};
  return fmt::format("{} is no share: it must be 0 to 1", share);
}

std::string amount_fault(double amount) {
  if (std::isfinite(amount) && amount >= 0) return {};
  return fmt::format("{} is no amount: it must be 0 or more", amount);
}

} // namespace selvedge::policy
