#include <selvedge/cache/body.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <string>

using namespace selvedge;
using namespace selvedge::cache;
using http::BodyState;

namespace {

std::string content_of_size(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    content[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return content;
}

boost::intrusive_ptr<Body> body_of(const Body::Options& options) {
  return boost::intrusive_ptr<Body>(new Body(options));
}

// What can be read now, `step` bytes at a time.
std::string read_some(BodyReader& reader, std::size_t step) {
  std::string text;
  std::array<std::string_view, 2> views;
  for (;;) {
    const auto found = reader.peek(views);
    if (found.state != BodyState::ready) return text;
    const std::string_view piece = views[0].substr(0, step);
    text.append(piece);
    reader.consume(piece.size());
  }
}

BodyState state_of(BodyReader& reader) {
  std::array<std::string_view, 1> view;
  return reader.peek(view).state;
}

} // namespace

TEST_CASE("content comes out as it went in, whatever the pieces", "[cache][body]") {
  const std::size_t size = GENERATE(std::size_t{1}, 4095, 4096, 65495, 65496, 65497, 200000);
  const std::size_t piece = GENERATE(std::size_t{1000}, 4096, 70000, 300000);
  const bool is_known = GENERATE(true, false);
  CAPTURE(size, piece, is_known);
  const std::string content = content_of_size(size);
  const auto body =
      body_of({.length = is_known ? std::optional<std::uint64_t>(size) : std::nullopt});
  for (std::size_t at = 0; at < size; at += piece) body->append(content.substr(at, piece));
  CHECK(body->appended() == size);
  body->finish();
  CHECK(body->length() == size);

  BodyReader reader(*body);
  CHECK(read_some(reader, 777) == content);
  CHECK(reader.consumed() == size);
  CHECK(state_of(reader) == BodyState::end);
}

TEST_CASE("memory is near to the content and all of it is given back", "[cache][body]") {
  const std::size_t size = GENERATE(std::size_t{1}, 100, 65536, 1000000);
  const bool is_known = GENERATE(true, false);
  CAPTURE(size, is_known);
  MemoryLedger ledger;
  {
    const auto body =
        body_of({.length = is_known ? std::optional<std::uint64_t>(size) : std::nullopt,
                 .ledger = &ledger});
    CHECK(body->live_bytes() == 0);
    const std::string content = content_of_size(size);
    for (std::size_t at = 0; at < size; at += 1500) body->append(content.substr(at, 1500));
    body->finish();
    CHECK(ledger.bytes() == body->live_bytes());
    CHECK(body->live_bytes() >= size);
    // Of known length: a header a chunk. Else at most what the last chunk has left.
    CHECK(body->live_bytes() <= (is_known ? size + size / 100 + 256 : 2 * size + 8192));
  }
  CHECK(ledger.bytes() == 0);
}

TEST_CASE("empty content has no chunk and ends at once", "[cache][body]") {
  const auto body = body_of({.length = 0});
  body->finish();
  CHECK(body->first() == nullptr);
  BodyReader reader(*body);
  CHECK(state_of(reader) == BodyState::end);
}

TEST_CASE("more content than was announced is kept all the same", "[cache][body]") {
  const auto body = body_of({.length = 10});
  const std::string content = content_of_size(100000);
  body->append(content);
  body->finish();
  BodyReader reader(*body);
  CHECK(read_some(reader, 100000) == content);
  CHECK(body->length() == 10); // who reads from the origin compares it
  CHECK(body->appended() == content.size());
}

TEST_CASE("readers have places of their own", "[cache][body]") {
  const std::string content = content_of_size(150000);
  const auto body = body_of({});
  BodyReader early = BodyReader::growing(*body);
  BodyReader late = BodyReader::growing(*body);
  CHECK_FALSE(early.is_started());
  CHECK(state_of(early) == BodyState::pending);

  body->append(content.substr(0, 1000));
  CHECK(state_of(early) == BodyState::pending); // not started
  early.start(body->first());
  CHECK(read_some(early, 300) == content.substr(0, 1000));
  CHECK(state_of(early) == BodyState::pending);

  body->append(content.substr(1000));
  CHECK(read_some(early, 5000) == content.substr(1000));
  late.start(body->first());
  CHECK(read_some(late, 100000) == content);
  CHECK(state_of(late) == BodyState::pending);
  body->finish();
  CHECK(state_of(early) == BodyState::end);
  CHECK(state_of(late) == BodyState::end);
}

TEST_CASE("the last views say so, once the body is complete", "[cache][body]") {
  const auto body = body_of({});
  body->append(content_of_size(5000)); // two chunks
  std::array<std::string_view, 4> views;
  BodyReader reader(*body);
  CHECK_FALSE(reader.peek(views).is_last); // still growing
  body->finish();
  const auto whole = reader.peek(views);
  CHECK(whole.is_last);
  REQUIRE(whole.count == 1);
  const auto two = body_of({});
  two->append(content_of_size(1000));
  two->append(content_of_size(5000));
  two->finish();
  BodyReader other(*two);
  CHECK_FALSE(other.peek(std::span(views).first(1)).is_last);
  CHECK(other.peek(views).is_last);
}

TEST_CASE("a body that forgets its beginning keeps only what is unread", "[cache][body]") {
  MemoryLedger ledger;
  const auto body = body_of({.length = std::nullopt, .ledger = &ledger});
  BodyReader slow = BodyReader::growing(*body);
  BodyReader fast = BodyReader::growing(*body);
  const std::string piece = content_of_size(60000);
  body->append(piece);
  slow.start(body->first());
  fast.start(body->first());
  body->forget_beginning();
  CHECK(body->first() == nullptr);
  std::string expected = piece;
  std::string fast_text = read_some(fast, 10000);
  for (int i = 0; i < 20; ++i) {
    body->append(piece);
    expected += piece;
    fast_text += read_some(fast, 10000);
  }
  CHECK(body->live_bytes() > expected.size()); // the slow one has read nothing
  CHECK(fast_text == expected);
  CHECK(read_some(slow, 33333) == expected);
  CHECK(body->live_bytes() < 2 * Chunk::kAllocation);
  body->finish();
  CHECK(state_of(slow) == BodyState::end);
  CHECK(ledger.bytes() == body->live_bytes());
}

TEST_CASE("a reader that leaves lets go of what only it had not read", "[cache][body]") {
  const auto body = body_of({});
  BodyReader reader = BodyReader::growing(*body);
  body->append("x");
  reader.start(body->first());
  body->forget_beginning();
  read_some(reader, 1);
  body->append(content_of_size(1000000));
  CHECK(body->live_bytes() > 1000000);
  reader.leave();
  CHECK(body->live_bytes() < 2 * Chunk::kAllocation);
  CHECK(reader.consumed() == 1);
}

TEST_CASE("a reader of growing content keeps the body it is in", "[cache][body]") {
  MemoryLedger ledger;
  {
    boost::intrusive_ptr<Body> body = body_of({.length = std::nullopt, .ledger = &ledger});
    BodyReader reader = BodyReader::growing(*body);
    body->append("content");
    reader.start(body->first());
    body->finish();
    body.reset();
    CHECK(read_some(reader, 3) == "content");
    CHECK(ledger.bytes() > 0);
  }
  CHECK(ledger.bytes() == 0);
}

TEST_CASE("content that failed is read to where it broke, and then says so", "[cache][body]") {
  const auto body = body_of({.length = 100});
  BodyReader reader = BodyReader::growing(*body);
  body->append("some");
  reader.start(body->first());
  const base::Error error{base::ErrorCode::closed, base::ErrorSource::upstream};
  body->fail(error);
  CHECK(body->state() == Body::State::failed);
  CHECK(body->error() == error);
  std::array<std::string_view, 1> view;
  CHECK_FALSE(reader.peek(view).is_last);
  CHECK(read_some(reader, 100) == "some");
  CHECK(state_of(reader) == BodyState::failed);
}

TEST_CASE("a chain of many chunks is freed without recursion", "[cache][body]") {
  MemoryLedger ledger;
  boost::intrusive_ptr<Body> body = body_of({.length = 0, .ledger = &ledger});
  for (int i = 0; i < 300000; ++i) body->append("x"); // beyond its length: a chunk each
  body->finish();
  body.reset();
  CHECK(ledger.bytes() == 0);
}
