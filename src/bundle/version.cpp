#include <selvedge/bundle/version.hpp>

#include "version_text.hpp"

#include <algorithm>

namespace selvedge::bundle {

namespace {

std::string_view first_of(std::string_view& identifiers) {
  const std::size_t dot = identifiers.find('.');
  const std::string_view first = identifiers.substr(0, dot);
  identifiers.remove_prefix(dot == std::string_view::npos ? identifiers.size() : dot + 1);
  return first;
}

// semver.org, 11.4: numbers by their value and before all others, which go by their bytes.
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_is_number = std::ranges::all_of(a, is_digit);
  const bool b_is_number = std::ranges::all_of(b, is_digit);
  if (a_is_number != b_is_number) {
    return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a_is_number && a.size() != b.size()) return a.size() <=> b.size(); // no leading zeros
  return a <=> b;
}

std::strong_ordering compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty(); // a release comes after them
  while (!a.empty() && !b.empty()) {
    const auto order = compare_identifiers(first_of(a), first_of(b));
    if (order != 0) return order;
  }
  return b.empty() <=> a.empty(); // who has more comes later
}

} // namespace

std::weak_ordering operator<=>(const Version& a, const Version& b) {
  if (a.major != b.major) return a.major <=> b.major;
  if (a.minor != b.minor) return a.minor <=> b.minor;
  if (a.patch != b.patch) return a.patch <=> b.patch;
  return compare_prereleases(a.prerelease, b.prerelease);
}

std::string Version::text() const {
  std::string text =
      std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
  if (is_prerelease()) text += '-' + prerelease;
  return text;
}

namespace {

struct Parts {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string_view prerelease;
  std::string_view build;
};

std::optional<Parts> parts_of(std::string_view text) {
  const auto major = take_number(text);
  if (!major || !take(text, ".")) return std::nullopt;
  const auto minor = take_number(text);
  if (!minor || !take(text, ".")) return std::nullopt;
  const auto patch = take_number(text);
  if (!patch) return std::nullopt;
  const auto prerelease = take_prerelease(text);
  if (!prerelease) return std::nullopt;
  const auto build = take_build(text);
  if (!build || !text.empty()) return std::nullopt;
  return Parts{*major, *minor, *patch, *prerelease, *build};
}

} // namespace

std::optional<Version> parse_version(std::string_view text) {
  if (text.size() > Version::kLongest) return std::nullopt;
  text = trimmed(text);
  take(text, "v");
  const auto parts = parts_of(text);
  if (!parts) return std::nullopt;
  return Version{parts->major, parts->minor, parts->patch, std::string(parts->prerelease),
                 std::string(parts->build)};
}

bool is_exact_version(std::string_view text) {
  if (text.size() > Version::kLongest) return false;
  const auto parts = parts_of(text);
  return parts && parts->build.empty();
}

} // namespace selvedge::bundle
