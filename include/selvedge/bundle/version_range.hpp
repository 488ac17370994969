// Ranges of versions as npm has them ("^1.2", "~2.3", "1.x || >=2.5.0 <3", "1.2 - 2.3.4"), read as
// strictly as the `semver` package reads them. Pure values. Thread: any.
#pragma once

#include <selvedge/bundle/version.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

enum class Comparison : std::uint8_t { less, less_or_equal, greater, greater_or_equal, equal };

struct Comparator {
  Comparison comparison = Comparison::equal;
  Version version;

  bool admits(const Version& candidate) const;
};

class VersionRange {
public:
  static constexpr std::size_t kLongest = 1024; // characters
  // So many comparators, in all its alternatives together.
  static constexpr std::size_t kMostComparators = 64;

  // All of the comparators of one of these. An empty one admits all releases.
  using Alternative = std::vector<Comparator>;

  // Nothing when it is no range: "latest", "1.2.3.4", ">=01.0.0".
  static std::optional<VersionRange> parse(std::string_view text);

  // A pre-release is admitted only beside a comparator that names a pre-release of the same
  // major.minor.patch: who asks for ^1.2.3 has not asked for 1.3.0-beta.
  bool admits(const Version& version) const;
  // The greatest that is admitted, null when none is.
  const Version* greatest_of(std::span<const Version> versions) const;

  std::span<const Alternative> alternatives() const { return alternatives_; }

private:
  std::vector<Alternative> alternatives_;
};

} // namespace selvedge::bundle
