// Feeds a whole message to the parsers of HTTP/1.1 in one piece or several, as a connection does,
// and writes down what came out, so that two ways of feeding can be compared. Thread: any.
#pragma once

#include <selvedge/codec/h1_parser.hpp>

#include <optional>
#include <string>

namespace selvedge::test {

struct Feeding {
  std::size_t cut = 0; // where the second piece begins; 0: one piece
  bool byte_by_byte = false;
  bool then_ends = false;   // the peer closes behind the last piece
  bool is_for_head = false; // a response: the request was HEAD
  codec::h1::HeadLimits limits{};
};

struct Read {
  std::optional<base::ErrorCode> error;
  bool is_done = false;
  std::string text; // the head, readable
  std::string content;
  std::size_t used = 0;
  bool may_keep_alive = false;
  bool expects_continue = false;
  friend bool operator==(const Read&, const Read&) = default;
};

inline std::string text_of(const http::FieldList& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

inline std::string number_or_dash(const std::optional<std::uint64_t>& number) {
  return number ? std::to_string(*number) : "-";
}

inline std::string text_of(const http::RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.target).append(" ").append(http::text_of(head.version));
  text.append(" authority=").append(head.authority);
  text.append(" length=").append(number_or_dash(head.content_length));
  text.append(" content=").append(head.has_content ? "1" : "0").append("\n");
  return text + text_of(head.fields);
}

inline std::string text_of(const http::ResponseHead& head) {
  std::string text = std::to_string(head.status);
  text.append(" ").append(http::text_of(head.version));
  text.append(" length=").append(number_or_dash(head.content_length)).append("\n");
  return text + text_of(head.fields);
}

// Everything that can be done with the bytes so far. False: the message is over, or broken.
template <typename Parser, typename Head>
bool feed_some(Parser& parser, Head& head, std::string_view& kept, Read& read) {
  while (!parser.is_done()) {
    const bool had_head = parser.is_head_done();
    const auto step = parser.feed(kept);
    if (!step) {
      read.error = step.error().code;
      return false;
    }
    read.used += step->used;
    read.content.append(step->content);
    kept.remove_prefix(step->used);
    if (!had_head && parser.is_head_done()) {
      if (const auto checked = parser.finish_head(); !checked) {
        read.error = checked.error().code;
        return false;
      }
      read.text = text_of(head);
      read.may_keep_alive = parser.may_keep_alive();
    }
    if (step->needs_more || (kept.empty() && !parser.is_done())) return true;
  }
  return false;
}

// Each piece is copied to memory of its own, so that a view kept too long is found by a sanitizer.
template <typename Parser, typename Head>
Read feed_all(Parser& parser, Head& head, std::string_view message, const Feeding& how) {
  Read read;
  std::string kept;
  std::size_t at = 0;
  bool goes_on = true;
  while (goes_on && at < message.size()) {
    std::size_t end = how.cut > at ? how.cut : message.size();
    if (how.byte_by_byte) end = at + 1;
    std::string piece = kept;
    piece.append(message.substr(at, end - at));
    at = end;
    std::string_view left = piece;
    goes_on = feed_some(parser, head, left, read);
    kept = std::string(left);
  }
  if (how.then_ends && !read.error) {
    if (const auto ended = parser.feed_end(); !ended) read.error = ended.error().code;
  }
  read.is_done = !read.error && parser.is_done();
  return read;
}

inline Read read_request(std::string_view message, const Feeding& how = {}) {
  base::Arena arena;
  http::RequestHead head;
  codec::h1::RequestParser parser(head, arena, how.limits);
  Read read = feed_all(parser, head, message, how);
  read.expects_continue = parser.expects_continue();
  return read;
}

inline Read read_response(std::string_view message, const Feeding& how = {}) {
  base::Arena arena;
  http::ResponseHead head;
  codec::h1::ResponseParser parser(head, arena, how.limits);
  if (how.is_for_head) parser.expect_no_content();
  return feed_all(parser, head, message, how);
}

} // namespace selvedge::test
