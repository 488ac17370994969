// Versions as npm has them: Semantic Versioning 2.0.0 (semver.org), read as strictly as the
// `semver` package reads them. Pure values. Thread: any.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::bundle {

struct Version {
  static constexpr std::uint64_t kLargestNumber = (std::uint64_t{1} << 53) - 1; // JavaScript's
  static constexpr std::size_t kLongest = 256;                                  // characters

  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string prerelease; // "beta.1"; empty: a release
  std::string build;      // behind the '+', which says nothing of the order

  bool is_prerelease() const { return !prerelease.empty(); }
  // Without the build: two versions that differ in it only are one.
  std::string text() const;

  // By precedence (semver.org, 11).
  friend std::weak_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }
};

// "1.2.3-beta.1+build", with a "v" before it and white space around it. Nothing when it is not
// exactly that.
std::optional<Version> parse_version(std::string_view text);

// Whether it is a version in the one form that it has in URLs: no "v", no build, nothing around it.
// Allocates nothing.
bool is_exact_version(std::string_view text);

} // namespace selvedge::bundle
