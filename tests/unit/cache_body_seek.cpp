#include <selvedge/cache/body.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <string>

using namespace selvedge;
using namespace selvedge::cache;
using http::BodyState;

namespace {

boost::intrusive_ptr<Body> body_of(const Body::Options& options) {
  return boost::intrusive_ptr<Body>(new Body(options));
}

// The byte at the reader's place, or nothing.
std::optional<char> here(BodyReader& reader) {
  std::array<std::string_view, 1> view;
  if (reader.peek(view).state != BodyState::ready) return std::nullopt;
  return view[0].front();
}

std::string content_of_size(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>('a' + i * 7 % 26);
  return content;
}

} // namespace

TEST_CASE("a reader of a complete body goes to any place of it", "[cache][body]") {
  const std::size_t size = 200000; // several chunks
  const bool is_known = GENERATE(true, false);
  CAPTURE(is_known);
  const std::string content = content_of_size(size);
  const auto body =
      body_of({.length = is_known ? std::optional<std::uint64_t>(size) : std::nullopt});
  for (std::size_t at = 0; at < size; at += 5000) body->append(content.substr(at, 5000));
  body->finish();
  BodyReader reader(*body);
  const std::size_t places[] = {0, 1, 4095, 65495, 65496, 65497, 199999, 70000, 3, 199999, 0};
  for (std::size_t place : places) {
    CAPTURE(place);
    CHECK(reader.seek(place));
    CHECK(reader.consumed() == place);
    CHECK(here(reader) == content[place]);
  }
  CHECK(reader.seek(size));
  CHECK_FALSE(here(reader));
  CHECK_FALSE(reader.seek(size + 1));
  CHECK(reader.consumed() == size);
}

TEST_CASE("a reader of a growing body goes forward as far as it has come", "[cache][body]") {
  const auto body = body_of({.length = std::nullopt});
  BodyReader reader = BodyReader::growing(*body);
  CHECK(reader.seek(0));
  CHECK_FALSE(reader.seek(5)); // no chunk yet
  body->append("0123");
  reader.start(body->first());
  CHECK_FALSE(reader.seek(5));
  CHECK(reader.consumed() == 4);
  body->append("4567");
  CHECK(reader.seek(5));
  CHECK(here(reader) == '5');
  CHECK_FALSE(reader.seek(4)); // not back while it grows
  CHECK(here(reader) == '5');
  body->finish();
  CHECK(reader.seek(4));
  CHECK(here(reader) == '4');
}

TEST_CASE("chunks that a reader passes go where the beginning is forgotten", "[cache][body]") {
  const auto body = body_of({.length = std::nullopt});
  BodyReader reader = BodyReader::growing(*body);
  body->append("x");
  reader.start(body->first());
  body->forget_beginning();
  body->append(std::string(300000, 'y'));
  const std::size_t before = body->live_bytes();
  CHECK(reader.seek(300000));
  CHECK(body->live_bytes() < before / 2);
  body->finish();
  CHECK_FALSE(reader.seek(0));
  CHECK(here(reader) == 'y');
}
