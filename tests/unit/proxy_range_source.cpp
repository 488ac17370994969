#include <src/proxy/range_source.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <string>
#include <vector>

using namespace selvedge;
using cache::Body;
using cache::BodyReader;
using http::BodyState;
using http::ByteRange;
using proxy::RangeSource;

namespace {

using Ranges = std::vector<ByteRange>;

boost::intrusive_ptr<Body> body_of(const Body::Options& options) {
  return boost::intrusive_ptr<Body>(new Body(options));
}

std::string content_of_size(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    content[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return content;
}

boost::intrusive_ptr<Body> complete_body(const std::string& content) {
  auto body = body_of({.length = std::nullopt});
  for (std::size_t at = 0; at < content.size(); at += 3000) {
    body->append(std::string_view(content).substr(at, 3000));
  }
  body->finish();
  return body;
}

struct Pull {
  std::string text;
  BodyState state = BodyState::pending; // what ended it
  bool was_last = false;                // the last bytes were announced as such
};

// Reads what there is now with so many views, `step` bytes at a time.
Pull pull(RangeSource& source, std::size_t views, std::size_t step) {
  Pull pulled;
  std::array<std::string_view, 8> room;
  for (;;) {
    const auto found = source.peek(std::span(room).first(views));
    if (found.state != BodyState::ready) {
      CHECK(found.count == 0);
      pulled.state = found.state;
      return pulled;
    }
    REQUIRE(found.count > 0);
    std::string seen;
    for (std::size_t i = 0; i < found.count; ++i) {
      CHECK_FALSE(room[i].empty());
      seen.append(room[i]);
    }
    // Never more than the content has; the end is announced where it is in sight, and only there.
    const std::uint64_t reached = source.consumed() + seen.size();
    CHECK(reached <= source.content_length());
    CHECK(found.is_last == (reached == source.content_length()));
    const std::size_t taken = std::min(step, seen.size());
    pulled.text.append(seen, 0, taken);
    pulled.was_last = found.is_last && taken == seen.size();
    source.consume(taken);
  }
}

// RFC 9110, 15.3.7.2, written out once more.
std::string multipart(const std::string& content, const Ranges& ranges, const std::string& type,
                      const std::string& boundary) {
  std::string text;
  for (const ByteRange& range : ranges) {
    text += text.empty() ? "--" : "\r\n--";
    text += boundary + "\r\n";
    if (!type.empty()) text += "Content-Type: " + type + "\r\n";
    text += "Content-Range: bytes " + std::to_string(range.first) + "-" +
            std::to_string(range.last) + "/" + std::to_string(content.size()) + "\r\n\r\n";
    text += content.substr(range.first, range.size());
  }
  return text + "\r\n--" + boundary + "--\r\n";
}

std::string boundary_of(const RangeSource& source) {
  const std::string type(source.content_type());
  const std::string start = "multipart/byteranges; boundary=";
  REQUIRE(type.starts_with(start));
  return type.substr(start.size());
}

} // namespace

TEST_CASE("RFC 9110, 14.4 and 15.5.17: the text of Content-Range", "[proxy][range]") {
  base::Arena arena;
  CHECK(proxy::content_range_text({0, 4}, 10, arena) == "bytes 0-4/10");
  constexpr std::uint64_t kMost = 18446744073709551615U;
  CHECK(proxy::content_range_text({kMost - 1, kMost - 1}, kMost, arena) ==
        "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
  CHECK(proxy::unsatisfied_range_text(10, arena) == "bytes */10"); // 15.5.17
  CHECK(proxy::unsatisfied_range_text(kMost, arena) == "bytes */18446744073709551615");
}

TEST_CASE("RFC 9110, 15.3.7.1: one range is the content", "[proxy][range]") {
  const auto range = GENERATE(ByteRange{0, 0}, ByteRange{0, 199999}, ByteRange{199999, 199999},
                              ByteRange{100, 104}, ByteRange{4000, 150000}, ByteRange{65496, 65496},
                              ByteRange{131000, 199999});
  const std::size_t views = GENERATE(std::size_t{1}, 2, 8);
  const std::size_t step = GENERATE(std::size_t{5000}, 1000000);
  CAPTURE(range.first, range.last, views, step);
  const std::string content = content_of_size(200000);
  const auto body = complete_body(content);
  BodyReader reader(*body);
  base::Arena arena;
  RangeSource source(reader, {&range, 1}, content.size(), "text/plain", arena);
  CHECK(source.content_range() ==
        "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/200000");
  CHECK(source.content_type().empty());
  CHECK(source.content_length() == range.size());
  const Pull pulled = pull(source, views, step);
  CHECK(pulled.text == content.substr(range.first, range.size()));
  CHECK(pulled.state == BodyState::end);
  CHECK(pulled.was_last);
  CHECK(source.consumed() == range.size());
}

TEST_CASE("RFC 9110, 15.3.7.2: several ranges are parts", "[proxy][range]") {
  const auto ranges = GENERATE(Ranges{{0, 4}, {10, 14}}, Ranges{{10, 14}, {0, 4}},
                               Ranges{{0, 99999}, {100001, 199999}},
                               Ranges{{199999, 199999}, {65000, 66000}, {0, 0}, {5, 70000}});
  const std::string type = GENERATE("text/html; charset=utf-8", "");
  const std::size_t views = GENERATE(std::size_t{1}, 2, 8);
  const std::size_t step = GENERATE(std::size_t{1}, 77, 1000000);
  if (step == 1 && ranges.back().last > 100) return; // a step for each byte is for the short ones
  CAPTURE(ranges.size(), type, views, step);
  const std::string content = content_of_size(200000);
  const auto body = complete_body(content);
  BodyReader reader(*body);
  base::Arena arena;
  RangeSource source(reader, ranges, content.size(), type, arena);
  CHECK(source.content_range().empty()); // 15.3.7.2: only in the parts
  const std::string boundary = boundary_of(source);
  CHECK(boundary.size() == 32);
  const std::string expected = multipart(content, ranges, type, boundary);
  CHECK(source.content_length() == expected.size());
  const Pull pulled = pull(source, views, step);
  CHECK(pulled.text == expected);
  CHECK(pulled.state == BodyState::end);
  CHECK(pulled.was_last);
}

TEST_CASE("several views at once, across chunks and the text behind", "[proxy][range]") {
  const std::string content = content_of_size(200000);
  const auto body = complete_body(content);
  BodyReader reader(*body);
  base::Arena arena;
  const Ranges ranges = {{0, 150000}, {160000, 160001}};
  RangeSource source(reader, ranges, content.size(), "", arena);
  std::array<std::string_view, 8> views;
  const auto found = source.peek(views);
  CHECK(found.state == BodyState::ready);
  CHECK(found.count > 4);
  CHECK_FALSE(found.is_last);
  CHECK(views[0].starts_with("--"));
  CHECK(views[found.count - 1].starts_with("\r\n--")); // of the second part
}

TEST_CASE("a range of content on its way waits for its bytes", "[proxy][range]") {
  const auto body = body_of({.length = 10});
  BodyReader reader = BodyReader::growing(*body);
  base::Arena arena;
  const ByteRange range{4, 7};
  RangeSource source(reader, {&range, 1}, 10, "", arena);
  CHECK(pull(source, 2, 100).state == BodyState::pending);
  body->append("01");
  reader.start(body->first());
  CHECK(pull(source, 2, 100).state == BodyState::pending);
  CHECK(reader.consumed() == 2); // bytes before the range do not stay
  CHECK(source.consumed() == 0);
  body->append("2345");
  const Pull first = pull(source, 2, 100);
  CHECK(first.text == "45");
  CHECK(first.state == BodyState::pending);
  CHECK_FALSE(first.was_last);
  body->append("6789");
  const Pull second = pull(source, 2, 1);
  CHECK(second.text == "67");
  CHECK(second.state == BodyState::end); // without the rest of the body
  CHECK(source.consumed() == 4);
}

TEST_CASE("ascending parts of content that forgets its beginning", "[proxy][range]") {
  const std::string content = content_of_size(1000);
  const auto body = body_of({.length = std::nullopt});
  BodyReader reader = BodyReader::growing(*body);
  base::Arena arena;
  const Ranges ranges = {{10, 19}, {500, 520}, {999, 999}};
  RangeSource source(reader, ranges, content.size(), "a/b", arena);
  const std::string boundary = boundary_of(source);
  std::string text = pull(source, 2, 1000).text;
  CHECK(text.ends_with("\r\n\r\n")); // what is known before the first byte of content
  for (std::size_t at = 0; at < content.size(); at += 7) {
    body->append(std::string_view(content).substr(at, 7));
    if (!reader.is_started()) {
      reader.start(body->first());
      body->forget_beginning();
    }
    text += pull(source, 3, 5).text;
  }
  CHECK(text == multipart(content, ranges, "a/b", boundary));
}

TEST_CASE("a body that fails fails the range it breaks, and no other", "[proxy][range]") {
  const auto body = body_of({.length = 10});
  body->append("012345");
  const auto read = [&body](ByteRange range) {
    BodyReader reader = BodyReader::growing(*body);
    reader.start(body->first());
    base::Arena arena;
    RangeSource source(reader, {&range, 1}, 10, "", arena);
    return pull(source, 2, 100);
  };
  body->fail({base::ErrorCode::closed, base::ErrorSource::upstream});
  CHECK(read({0, 5}).text == "012345");
  CHECK(read({0, 5}).state == BodyState::end);
  CHECK(read({3, 7}).text == "345");
  CHECK(read({3, 7}).state == BodyState::failed);
  CHECK_FALSE(read({3, 7}).was_last);
  CHECK(read({8, 9}).state == BodyState::failed);
}

TEST_CASE("a body shorter than its length fails the range", "[proxy][range]") {
  const auto body = complete_body("012345");
  BodyReader reader(*body);
  base::Arena arena;
  const auto range = GENERATE(ByteRange{4, 7}, ByteRange{8, 9});
  RangeSource source(reader, {&range, 1}, 10, "", arena);
  const Pull pulled = pull(source, 2, 100);
  CHECK(pulled.state == BodyState::failed);
  CHECK_FALSE(pulled.was_last);
}
