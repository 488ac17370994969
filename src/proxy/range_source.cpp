#include "range_source.hpp"

#include <selvedge/base/assert.hpp>
#include <selvedge/base/fingerprint.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace selvedge::proxy {

using http::BodyState;

namespace {

// A delimiter that no content has: 128 bits that depend on the ranges and on the seed of this
// process, which nobody outside knows.
std::string boundary_of(std::span<const http::ByteRange> ranges, std::uint64_t complete_length) {
  std::string text;
  for (const http::ByteRange& range : ranges) {
    fmt::format_to(std::back_inserter(text), "{}-{}/{},", range.first, range.last, complete_length);
  }
  const base::Fingerprint print = base::fingerprint(text);
  return fmt::format("{:016x}{:016x}", print.high, print.low);
}

} // namespace

RangeSource::RangeSource(cache::BodyReader& reader, std::span<const http::ByteRange> ranges,
                         std::uint64_t complete_length, std::string_view type, base::Arena& arena)
    : reader_(reader) {
  SELVEDGE_ASSERT(!ranges.empty());
  make_parts(ranges, complete_length, type, arena);
  content_length_ = tail_.size();
  for (const Part& part : parts_) content_length_ += part.head.size() + part.range.size();
  text_ = text_before(0);
}

void RangeSource::make_parts(std::span<const http::ByteRange> ranges, std::uint64_t complete_length,
                             std::string_view type, base::Arena& arena) {
  Part* parts = static_cast<Part*>(arena.allocate(ranges.size() * sizeof(Part), alignof(Part)));
  for (std::size_t i = 0; i < ranges.size(); ++i) new (parts + i) Part{{}, ranges[i]};
  parts_ = {parts, ranges.size()};
  if (ranges.size() == 1) {
    content_range_ = content_range_text(ranges[0], complete_length, arena);
    return;
  }
  // RFC 9110, 15.3.7.2; the delimiters are those of RFC 2046, 5.1.1.
  const std::string boundary = boundary_of(ranges, complete_length);
  content_type_ = arena.copy("multipart/byteranges; boundary=" + boundary);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    std::string head = fmt::format("{}--{}\r\n", i == 0 ? "" : "\r\n", boundary);
    if (!type.empty()) head.append("Content-Type: ").append(type).append("\r\n");
    fmt::format_to(std::back_inserter(head), "Content-Range: bytes {}-{}/{}\r\n\r\n",
                   ranges[i].first, ranges[i].last, complete_length);
    parts[i].head = arena.copy(head);
  }
  tail_ = arena.copy("\r\n--" + boundary + "--\r\n");
}

http::BodySource::Peek RangeSource::peek(std::span<std::string_view> views) {
  Peek result{BodyState::ready, 0, false};
  if (!text_.empty()) views[result.count++] = text_;
  if (part_ == parts_.size()) {
    result.state = result.count > 0 ? BodyState::ready : BodyState::end;
    result.is_last = true;
    return result;
  }
  if (result.count == views.size()) return result;
  const Content content = peek_content(views.subspan(result.count));
  result.count += content.count;
  if (result.count == 0) result.state = content.state;
  if (!content.reaches_end) return result;
  // The reader has one place, so that the content of the next part cannot be looked at yet; the
  // text before it can.
  const std::string_view next = text_before(part_ + 1);
  const bool fits = next.empty() || result.count < views.size();
  if (fits && !next.empty()) views[result.count++] = next;
  result.is_last = fits && part_ + 1 == parts_.size();
  return result;
}

RangeSource::Content RangeSource::peek_content(std::span<std::string_view> views) {
  const http::ByteRange& range = parts_[part_].range;
  const std::uint64_t place = range.first + sent_;
  while (!reader_.seek(place)) {
    // Nothing more has come; or it has just now, and the reader goes on.
    const Peek found = reader_.peek(views);
    if (found.state == BodyState::pending) return {BodyState::pending};
    if (found.state != BodyState::ready || reader_.consumed() > place) return {BodyState::failed};
  }
  const Peek found = reader_.peek(views);
  // A body that ends before the range does is not what its length promised.
  if (found.state == BodyState::end) return {BodyState::failed};
  Content content{found.state};
  std::uint64_t left = range.size() - sent_;
  while (content.count < found.count && left > 0) {
    std::string_view& view = views[content.count++];
    view = view.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, view.size())));
    left -= view.size();
  }
  content.reaches_end = left == 0;
  return content;
}

void RangeSource::consume(std::size_t bytes) {
  consumed_ += bytes;
  while (bytes > 0) {
    const std::size_t of_text = std::min(bytes, text_.size());
    text_.remove_prefix(of_text);
    bytes -= of_text;
    if (bytes == 0) break;
    SELVEDGE_ASSERT(part_ < parts_.size());
    const std::uint64_t left = parts_[part_].range.size() - sent_;
    const auto of_content = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, left));
    reader_.consume(of_content);
    bytes -= of_content;
    sent_ += of_content;
    if (of_content < left) break;
    text_ = text_before(++part_);
    sent_ = 0;
  }
}

std::string_view content_range_text(const http::ByteRange& range,
                                    std::optional<std::uint64_t> complete_length,
                                    base::Arena& arena) {
  return arena.copy(http::text_of(http::ContentRange{range, complete_length}));
}

std::string_view unsatisfied_range_text(std::uint64_t complete_length, base::Arena& arena) {
  char text[40];
  const auto end = fmt::format_to(text, "bytes */{}", complete_length);
  return arena.copy({text, static_cast<std::size_t>(end - text)});
}

} // namespace selvedge::proxy
