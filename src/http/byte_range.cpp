#include <selvedge/http/byte_range.hpp>

#include <selvedge/http/http_date.hpp>
#include <selvedge/http/validator.hpp>

#include <limits>

namespace selvedge::http {

namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

// 1*DIGIT; a number too large for 64 bits is the largest.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kLargest - digit) / 10 ? kLargest : value * 10 + digit;
  }
  return value;
}

// RFC 9110, 14.1.1: int-range or suffix-range.
std::optional<RangeSpec> parse_spec(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, dash);
  const std::string_view behind = text.substr(dash + 1);
  const RangeSpec spec{parse_position(before), parse_position(behind)};
  const bool is_valid = (before.empty() || spec.first) && (behind.empty() || spec.last);
  if (!is_valid || (before.empty() && behind.empty())) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

// RFC 9110, 14.1.2: what a spec selects. Nothing where it is unsatisfiable.
std::optional<ByteRange> satisfy(const RangeSpec& spec, std::uint64_t length) {
  if (length == 0) return std::nullopt;
  const std::uint64_t last = length - 1;
  if (!spec.first) {
    if (*spec.last == 0) return std::nullopt;
    return ByteRange{length - std::min(*spec.last, length), last};
  }
  if (*spec.first > last) return std::nullopt;
  return ByteRange{*spec.first, std::min(spec.last.value_or(last), last)};
}

// Whether the two can be sent as one range without a byte that nobody asked for. Requires: both
// within a representation, so that adding one does not overflow.
bool touch(const ByteRange& a, const ByteRange& b) {
  return a.first <= b.last + 1 && b.first <= a.last + 1;
}

// Adds a range at the end, or joins it with those that it touches, at the place of the first of
// these (RFC 9110, 15.3.7.2 and 17.15).
void add(boost::container::static_vector<ByteRange, kMaxRanges>& ranges, ByteRange range) {
  auto place = ranges.end();
  for (auto other = ranges.begin(); other != ranges.end();) {
    if (!touch(*other, range)) {
      ++other;
      continue;
    }
    range = {std::min(range.first, other->first), std::max(range.last, other->last)};
    if (place == ranges.end()) {
      place = other++;
    } else {
      other = ranges.erase(other); // behind `place`, which stays where it is
    }
    *place = range;
  }
  if (place == ranges.end()) ranges.push_back(range);
}

// RFC 9110, 8.8.2.2: a date tells versions apart only where nothing could have changed in the same
// second after it.
bool is_strong_date(std::chrono::sys_seconds modified, std::string_view date,
                    std::chrono::sys_seconds now) {
  const auto sent = parse_http_date(date, now);
  return sent && *sent - modified >= std::chrono::seconds{1};
}

} // namespace

std::optional<RangeSpecs> parse_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes="; // RFC 9110, 14.1: case-insensitive
  text = trim(text);
  if (!equals_ignoring_case(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  RangeSpecs specs;
  const bool is_valid = for_each_element(text.substr(kUnit.size()), [&](std::string_view element) {
    const auto spec = parse_spec(element);
    if (!spec || specs.size() == kMaxRanges) return false;
    specs.push_back(*spec);
    return true;
  });
  if (!is_valid || specs.empty()) return std::nullopt;
  return specs;
}

RangeSelection select_ranges(std::string_view range, std::uint64_t length) {
  RangeSelection selection;
  const auto specs = parse_range(range);
  if (!specs) return selection;
  for (const RangeSpec& spec : *specs) {
    if (const auto selected = satisfy(spec, length)) add(selection.ranges, *selected);
  }
  selection.kind = selection.ranges.empty() ? RangeSelection::Kind::unsatisfiable
                                            : RangeSelection::Kind::partial;
  return selection;
}

std::string text_of(const ContentRange& part) {
  const std::string length = part.complete_length ? std::to_string(*part.complete_length) : "*";
  return "bytes " + std::to_string(part.range.first) + "-" + std::to_string(part.range.last) + "/" +
         length;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  text = trim(text);
  if (!equals_ignoring_case(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = parse_position(text.substr(0, dash));
  const auto last = parse_position(text.substr(dash + 1, slash - dash - 1));
  // The largest number stands for all that are too large to be kept apart.
  if (!first || !last || *last < *first || *last == kLargest) return std::nullopt;
  ContentRange content{{*first, *last}, std::nullopt};
  const std::string_view complete = text.substr(slash + 1);
  if (complete == "*") return content;
  content.complete_length = parse_position(complete);
  if (!content.complete_length || *content.complete_length <= *last ||
      *content.complete_length == kLargest) {
    return std::nullopt;
  }
  return content;
}

bool if_range_holds(const FieldList& request, std::string_view etag, std::string_view last_modified,
                    std::string_view date, std::chrono::sys_seconds now) {
  const std::size_t count = request.count(FieldName::if_range);
  if (count == 0) return true;
  if (count > 1) return false; // no list: which one is meant is unknown, all of it is always right
  const std::string_view condition = request.value(FieldName::if_range);
  if (const auto asked = parse_entity_tag(condition)) {
    const auto current = parse_entity_tag(etag);
    return current && matches_strongly(*asked, *current);
  }
  const auto asked = parse_http_date(trim(condition), now);
  const auto modified = parse_http_date(last_modified, now);
  return asked && modified && *asked == *modified && is_strong_date(*modified, date, now);
}

} // namespace selvedge::http
