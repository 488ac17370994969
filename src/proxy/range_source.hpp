// Ranges of a body as content of a 206: one range by itself, several as multipart/byteranges (RFC
// 9110, 14.6 and 15.3.7).
// Thread: the worker of the exchange.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/cache/body.hpp>
#include <selvedge/http/byte_range.hpp>

#include <span>
#include <string_view>

namespace selvedge::proxy {

class RangeSource final : public http::BodySource {
public:
  // Requires: `ranges` is not empty and within a body of `complete_length` bytes; `reader` outlives
  // the source; where the ranges do not ascend, the body of the reader is complete and keeps its
  // beginning (otherwise sort them before). `type` is the Content-Type of the parts, "" for none.
  // The texts are in the arena, which outlives the source.
  RangeSource(cache::BodyReader& reader, std::span<const http::ByteRange> ranges,
              std::uint64_t complete_length, std::string_view type, base::Arena& arena);

  // For the head of the answer, in the arena.
  std::string_view content_range() const { return content_range_; } // "" with several ranges
  // "multipart/byteranges; boundary=..."; "" with one range
  std::string_view content_type() const { return content_type_; }
  std::uint64_t content_length() const { return content_length_; }
  // What has been sent of it. The reader counts all bytes that it passes.
  std::uint64_t consumed() const { return consumed_; }

  // Bytes before a range are consumed from the reader as they come.
  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;

private:
  struct Part {
    std::string_view head; // the delimiter and the fields of the part; "" with one range
    http::ByteRange range;
  };
  struct Content {
    http::BodyState state = http::BodyState::pending;
    std::size_t count = 0;
    bool reaches_end = false; // of the range
  };

  void make_parts(std::span<const http::ByteRange> ranges, std::uint64_t complete_length,
                  std::string_view type, base::Arena& arena);
  Content peek_content(std::span<std::string_view> views);
  std::string_view text_before(std::size_t part) const {
    return part < parts_.size() ? parts_[part].head : tail_;
  }

  cache::BodyReader& reader_;
  std::span<const Part> parts_;
  std::string_view tail_; // the last delimiter
  std::string_view content_range_;
  std::string_view content_type_;
  std::uint64_t content_length_ = 0;
  std::uint64_t consumed_ = 0;

  // Where it is: in the part, or behind all of them; what is left of the text before its content;
  // how much of its content has been consumed.
  std::size_t part_ = 0;
  std::string_view text_;
  std::uint64_t sent_ = 0;
};

// "bytes 0-4/10", of unknown length "bytes 0-4/*"; and "bytes */10" for a 416.
std::string_view content_range_text(const http::ByteRange& range,
                                    std::optional<std::uint64_t> complete_length,
                                    base::Arena& arena);
std::string_view unsatisfied_range_text(std::uint64_t complete_length, base::Arena& arena);

} // namespace selvedge::proxy
