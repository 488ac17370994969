#include <selvedge/bundle/version_range.hpp>

#include "version_text.hpp"

#include <algorithm>

namespace selvedge::bundle {

namespace {

using Number = std::optional<std::uint64_t>; // nothing: "x", or not there

// "1.2.x", "1", "*", "1.2.3-beta+build": numbers that may end early. Behind one that is missing,
// others say nothing.
struct Partial {
  Number major;
  Number minor;
  Number patch;
  std::string_view prerelease;
  // What stood before it: of whole versions in comparators only "" and "v" may.
  std::string_view prefix;
  bool has_gap = false; // "1.x.3": a number behind one that is missing

  bool is_whole() const { return major && minor && patch; }
  // "==1.2.3" is no version. Without an operator one '=' is, which take_operation() has taken.
  bool has_good_prefix() const { return !is_whole() || prefix.empty() || prefix == "v"; }
};

bool take_part(std::string_view& text, Number& into) {
  if (!text.empty() && (text[0] == 'x' || text[0] == 'X' || text[0] == '*')) {
    text.remove_prefix(1);
    return true;
  }
  into = take_number(text);
  return into.has_value();
}

std::optional<Partial> take_partial(std::string_view& text) {
  Partial partial;
  std::size_t marks = 0;
  while (marks < text.size() && (text[marks] == 'v' || text[marks] == '=')) ++marks;
  partial.prefix = text.substr(0, marks);
  text.remove_prefix(marks);
  Number minor, patch;
  if (!take_part(text, partial.major)) return std::nullopt;
  if (take(text, ".")) {
    if (!take_part(text, minor)) return std::nullopt;
    if (take(text, ".")) {
      if (!take_part(text, patch)) return std::nullopt;
      const auto prerelease = take_prerelease(text);
      if (!prerelease) return std::nullopt;
      partial.prerelease = *prerelease;
      if (!take_build(text)) return std::nullopt;
    }
  }
  partial.has_gap = (!partial.major && minor) || (!minor && patch);
  if (partial.major) partial.minor = minor;
  if (partial.minor) partial.patch = patch;
  const bool is_at_end = text.empty() || is_space(text.front());
  return is_at_end ? std::optional(partial) : std::nullopt;
}

// --- what stands for a range

// Appends to an alternative, and remembers when a number became too large.
class Writer {
public:
  explicit Writer(VersionRange::Alternative& into) : into_(into) {}

  void from(const Partial& least) {
    add(Comparison::greater_or_equal, least.major.value_or(0), least.minor.value_or(0),
        least.patch.value_or(0), std::string(least.is_whole() ? least.prerelease : ""));
  }
  // Below the first pre-release of that version.
  void below(std::uint64_t major, std::uint64_t minor, std::uint64_t patch) {
    add(Comparison::less, major, minor, patch, "0");
  }
  void nothing() { below(0, 0, 0); }
  void add(Comparison comparison, std::uint64_t major, std::uint64_t minor, std::uint64_t patch,
           std::string prerelease) {
    is_good_ &= std::max({major, minor, patch}) <= Version::kLargestNumber;
    into_.push_back({comparison, {major, minor, patch, std::move(prerelease), {}}});
  }
  bool is_good() const { return is_good_; }

private:
  VersionRange::Alternative& into_;
  bool is_good_ = true;
};

// ~1.2.3: patches. ~1: minors.
void write_tilde(const Partial& least, Writer& out) {
  if (!least.major) return;
  out.from(least);
  if (!least.minor) return out.below(*least.major + 1, 0, 0);
  out.below(*least.major, *least.minor + 1, 0);
}

// ^1.2.3: whatever keeps the first number that is not 0.
void write_caret(const Partial& least, Writer& out) {
  if (!least.major) return;
  out.from(least);
  if (*least.major > 0 || !least.minor) return out.below(*least.major + 1, 0, 0);
  if (*least.minor > 0 || !least.patch) return out.below(0, *least.minor + 1, 0);
  out.below(0, 0, *least.patch + 1);
}

// 1.2: any 1.2.x.
void write_all_of(const Partial& partial, Writer& out) {
  if (!partial.major) return;
  out.from(partial);
  if (!partial.minor) return out.below(*partial.major + 1, 0, 0);
  out.below(*partial.major, *partial.minor + 1, 0);
}

// A comparison with a version that is not whole: >1.2 is what comes after all of 1.2.x.
void write_comparison_of_part(Comparison comparison, const Partial& part, Writer& out) {
  const bool is_strict = comparison == Comparison::less || comparison == Comparison::greater;
  if (!part.major) return is_strict ? out.nothing() : void();
  const std::uint64_t major = *part.major;
  const std::uint64_t minor = part.minor.value_or(0);
  const std::uint64_t next_major = part.minor ? major : major + 1;
  const std::uint64_t next_minor = part.minor ? minor + 1 : 0;
  switch (comparison) {
  case Comparison::greater:
    return out.add(Comparison::greater_or_equal, next_major, next_minor, 0, "");
  case Comparison::less_or_equal:
    return out.below(next_major, next_minor, 0);
  case Comparison::less:
    return out.below(major, minor, 0);
  case Comparison::greater_or_equal:
    return out.from(part);
  case Comparison::equal:
    return write_all_of(part, out);
  }
}

// "1.2 - 2.3.4": an end that is not whole means all of it.
void write_hyphen(const Partial& least, const Partial& most, Writer& out) {
  if (least.major) out.from(least);
  if (!most.major) return;
  if (!most.minor) return out.below(*most.major + 1, 0, 0);
  if (!most.patch) return out.below(*most.major, *most.minor + 1, 0);
  out.add(Comparison::less_or_equal, *most.major, *most.minor, *most.patch,
          std::string(most.prerelease));
}

// --- reading

enum class Operator : std::uint8_t { none, tilde, caret, compare };

struct Operation {
  Operator kind = Operator::none;
  Comparison comparison = Comparison::equal;
};

// `semver` reads "> =1" as ">=1", but not "> = 1".
bool take_equals(std::string_view& text) {
  if (take(text, "=")) return true;
  std::string_view rest = trimmed(text);
  if (!take(rest, "=") || rest.empty() || is_space(rest.front())) return false;
  text = rest;
  return true;
}

Operation take_operation(std::string_view& text) {
  if (take(text, "^")) return {Operator::caret, {}};
  if (take(text, "~")) {
    take(text, ">");
    return {Operator::tilde, {}};
  }
  if (take(text, "<")) {
    return {Operator::compare, take_equals(text) ? Comparison::less_or_equal : Comparison::less};
  }
  if (take(text, ">")) {
    return {Operator::compare,
            take_equals(text) ? Comparison::greater_or_equal : Comparison::greater};
  }
  if (take(text, "=")) return {Operator::compare, Comparison::equal};
  return {};
}

bool write_one(const Operation& operation, const Partial& partial, Writer& out) {
  if (operation.kind == Operator::tilde) {
    write_tilde(partial, out);
  } else if (operation.kind == Operator::caret) {
    write_caret(partial, out);
  } else if (!partial.is_whole()) {
    if (partial.has_gap) return false;
    write_comparison_of_part(operation.comparison, partial, out);
  } else {
    if (!partial.has_good_prefix()) return false;
    out.add(operation.comparison, *partial.major, *partial.minor, *partial.patch,
            std::string(partial.prerelease));
  }
  return out.is_good();
}

struct HyphenRange {
  Partial least;
  Partial most;
};

std::optional<HyphenRange> hyphen_range(std::string_view text) {
  const auto least = take_partial(text);
  if (!least || text.empty()) return std::nullopt;
  text = trimmed(text);
  if (!take(text, "-") || text.empty() || !is_space(text.front())) return std::nullopt;
  text = trimmed(text);
  const auto most = take_partial(text);
  if (!most || !text.empty()) return std::nullopt;
  return HyphenRange{*least, *most};
}

bool parse_alternative(std::string_view text, VersionRange::Alternative& into) {
  text = trimmed(text);
  Writer out(into);
  if (const auto hyphen = hyphen_range(text)) {
    write_hyphen(hyphen->least, hyphen->most, out);
    const bool is_rewritten =
        !hyphen->most.prerelease.empty(); // as `semver` does, without its mark
    return out.is_good() && hyphen->least.has_good_prefix() &&
           (is_rewritten || hyphen->most.has_good_prefix());
  }
  while (!text.empty()) {
    const Operation operation = take_operation(text);
    text = trimmed(text);
    const auto partial = take_partial(text);
    if (!partial || !write_one(operation, *partial, out)) return false;
    text = trimmed(text);
  }
  return true;
}

bool has_same_numbers(const Version& a, const Version& b) {
  return a.major == b.major && a.minor == b.minor && a.patch == b.patch;
}

bool admits(const VersionRange::Alternative& all, const Version& version) {
  const auto is_admitted = [&](const Comparator& one) { return one.admits(version); };
  if (!std::ranges::all_of(all, is_admitted)) return false;
  return !version.is_prerelease() || std::ranges::any_of(all, [&](const Comparator& one) {
    return one.version.is_prerelease() && has_same_numbers(one.version, version);
  });
}

} // namespace

bool Comparator::admits(const Version& candidate) const {
  const auto order = candidate <=> version;
  switch (comparison) {
  case Comparison::less:
    return order < 0;
  case Comparison::less_or_equal:
    return order <= 0;
  case Comparison::greater:
    return order > 0;
  case Comparison::greater_or_equal:
    return order >= 0;
  case Comparison::equal:
    return order == 0;
  }
  return false;
}

std::optional<VersionRange> VersionRange::parse(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  VersionRange range;
  std::size_t comparators = 0;
  for (bool has_more = true; has_more;) {
    const std::size_t end = text.find("||");
    has_more = end != std::string_view::npos;
    Alternative& one = range.alternatives_.emplace_back();
    if (!parse_alternative(text.substr(0, end), one)) return std::nullopt;
    comparators += one.size() + 1;
    if (comparators > kMostComparators) return std::nullopt;
    text.remove_prefix(has_more ? end + 2 : text.size());
  }
  return range;
}

bool VersionRange::admits(const Version& version) const {
  return std::ranges::any_of(alternatives_,
                             [&](const Alternative& one) { return bundle::admits(one, version); });
}

const Version* VersionRange::greatest_of(std::span<const Version> versions) const {
  const Version* greatest = nullptr;
  for (const Version& one : versions) {
    if ((greatest == nullptr || *greatest < one) && admits(one)) greatest = &one;
  }
  return greatest;
}

} // namespace selvedge::bundle
