// Names of fields to tokens and back. The candidates for a text are the names of its length, sorted
// into rows at compile time, so that a lookup compares with a handful of names at most.
#include <selvedge/http/field.hpp>

#include <array>

namespace selvedge::http {

namespace {

// In the order of FieldName.
constexpr std::array<std::string_view, 62> kNames = {
    "",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "cache-group-invalidation",
    "cache-groups",
    "cache-status",
    "cache-tag",
    "cdn-cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "no-vary-search",
    "pragma",
    "priority",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "proxy-status",
    "range",
    "retry-after",
    "selvedge-cache-control",
    "server",
    "server-timing",
    "set-cookie",
    "surrogate-control",
    "surrogate-key",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "xkey",
};
static_assert(kNames.size() == static_cast<std::size_t>(FieldName::xkey) + 1);

constexpr std::size_t kLongest = 25;
static_assert(std::all_of(kNames.begin(), kNames.end(),
                          [](std::string_view name) { return name.size() <= kLongest; }));

struct Rows {
  std::array<FieldName, kNames.size()> names{};   // by length
  std::array<std::uint8_t, kLongest + 2> begin{}; // of the row of a length; the next row ends it
};

constexpr Rows make_rows() {
  Rows rows;
  std::uint8_t at = 0;
  for (std::size_t length = 0; length <= kLongest; ++length) {
    rows.begin[length] = at;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (kNames[i].size() == length) rows.names[at++] = static_cast<FieldName>(i);
    }
  }
  rows.begin[kLongest + 1] = at;
  return rows;
}

constexpr Rows kRows = make_rows();

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

} // namespace

FieldName field_name_of(std::string_view text) {
  if (text.empty() || text.size() > kLongest) return FieldName::unknown;
  const char first = lower(text.front());
  for (std::size_t i = kRows.begin[text.size()]; i < kRows.begin[text.size() + 1]; ++i) {
    const std::string_view name = kNames[static_cast<std::size_t>(kRows.names[i])];
    if (name.front() == first && equals_ignoring_case(name, text)) return kRows.names[i];
  }
  return FieldName::unknown;
}

std::string_view text_of(FieldName name) {
  return kNames[static_cast<std::size_t>(name)];
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

} // namespace selvedge::http
