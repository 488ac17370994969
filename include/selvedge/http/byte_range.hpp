// Byte ranges (RFC 9110, 14): what a client asks for and what a partial response holds.
#pragma once

#include <selvedge/http/head.hpp>

#include <boost/container/static_vector.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::http {

// Of a representation whose length is known. Both ends are part of it.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size() const { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// One range-spec as written: "first-last", "first-" or "-suffix" (RFC 9110, 14.1.2).
struct RangeSpec {
  std::optional<std::uint64_t> first; // nothing: a suffix of `last` bytes
  std::optional<std::uint64_t> last;  // nothing: to the end
};

// More ranges than this in one request are not worth answering as such (RFC 9110, 14.2).
inline constexpr std::size_t kMaxRanges = 16;
using RangeSpecs = boost::container::static_vector<RangeSpec, kMaxRanges>;

// The specs of a Range field. Nothing where it must be ignored: another unit, bad syntax, first
// behind last, or more than kMaxRanges.
std::optional<RangeSpecs> parse_range(std::string_view text);

struct RangeSelection {
  enum class Kind : std::uint8_t {
    whole,         // the field is to be ignored
    partial,       // `ranges` has one or more
    unsatisfiable, // 416 (RFC 9110, 15.5.17)
  };
  Kind kind = Kind::whole;
  // In the order asked for; overlapping or adjacent ones joined where that is safe, so that an
  // answer is never longer than the representation (RFC 9110, 14.2 and 17.15).
  boost::container::static_vector<ByteRange, kMaxRanges> ranges;
};
// What a Range field selects of `length` bytes.
RangeSelection select_ranges(std::string_view range, std::uint64_t length);

// Content-Range of a 206 (RFC 9110, 14.4).
struct ContentRange {
  ByteRange range;
  std::optional<std::uint64_t> complete_length; // nothing: "*"
};
std::string text_of(const ContentRange& range); // "bytes 0-4/10", "bytes 0-4/*"
// Nothing where it is malformed, of another unit, or unsatisfied ("bytes */123").
std::optional<ContentRange> parse_content_range(std::string_view text);

// RFC 9110, 13.1.5: whether the Range of a request may be used on a response with these
// validators: there is no If-Range, or it holds (strong comparison; a date only where it equals
// Last-Modified and that is a strong validator, 8.8.2.2).
bool if_range_holds(const FieldList& request, std::string_view etag, std::string_view last_modified,
                    std::string_view date, std::chrono::sys_seconds now);

} // namespace selvedge::http
