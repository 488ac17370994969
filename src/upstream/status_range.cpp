#include <selvedge/upstream/status_range.hpp>

#include <algorithm>

namespace selvedge::upstream {

namespace {

std::optional<http::Status> parse_status(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  int status = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + (c - '0');
  }
  if (status < 100 || status > 599) return std::nullopt;
  return static_cast<http::Status>(status);
}

} // namespace

std::optional<StatusRange> parse_status_range(std::string_view text) {
  const std::size_t hyphen = text.find('-');
  const auto first = parse_status(text.substr(0, hyphen));
  const auto last = hyphen == text.npos ? first : parse_status(text.substr(hyphen + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return StatusRange{*first, *last};
}

bool contains(std::span<const StatusRange> ranges, http::Status status) {
  return std::any_of(ranges.begin(), ranges.end(), [status](const StatusRange& range) {
    return range.first <= status && status <= range.last;
  });
}

} // namespace selvedge::upstream
