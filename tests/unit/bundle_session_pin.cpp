// What a session keeps of the versions it began with, and who is not believed.
#include <selvedge/bundle/session_pin.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge::bundle;
using namespace std::chrono_literals;

namespace {

PinKeys::Key key(const char* id, unsigned char fill) {
  PinKeys::Key made{id, {}};
  made.secret.fill(fill);
  return made;
}

const std::chrono::sys_seconds kNow{1'800'000'000s};
const std::vector<PinnedVersion> kVersions{{"acme-ui", "2.3.1"}, {"@acme/tokens", "1.4.0-rc.1"}};

std::string pin(const PinKeys& keys) {
  return SessionPin::write(kVersions, keys, {77, kNow + 24h});
}

} // namespace

TEST_CASE("a session's versions come back", "[bundle][pin]") {
  const PinKeys keys({key("a", 1)});
  const std::string text = pin(keys);
  const auto read = SessionPin::read(text, keys, kNow);
  REQUIRE(read);
  CHECK(read->version_of("acme-ui") == "2.3.1");
  CHECK(read->version_of("@acme/tokens") == "1.4.0-rc.1");
  CHECK(read->version_of("acme").empty());
  CHECK(read->session().until == kNow + 24h);
  CHECK(read->session().id == 77);
  CHECK(read->versions() == kVersions);
}

TEST_CASE("RFC 6265, 4.1.1: a pin can stand in a cookie as it is", "[bundle][pin]") {
  for (const char c : pin(PinKeys({key("a", 1)}))) {
    const bool is_octet =
        c > 0x20 && c < 0x7f && std::string_view("\",;\\").find(c) == std::string_view::npos;
    CHECK(is_octet);
  }
}

TEST_CASE("a pin ends", "[bundle][pin]") {
  const PinKeys keys({key("a", 1)});
  const std::string text = pin(keys);
  CHECK(SessionPin::read(text, keys, kNow + 24h - 1s));
  CHECK_FALSE(SessionPin::read(text, keys, kNow + 24h));
}

TEST_CASE("keys are changed without ending sessions", "[bundle][pin]") {
  const std::string old = pin(PinKeys({key("old", 1)}));
  const PinKeys both({key("new", 2), key("old", 1)});
  CHECK(SessionPin::read(old, both, kNow));
  CHECK(pin(both).starts_with("2.new."));
  CHECK_FALSE(SessionPin::read(old, PinKeys({key("new", 2)}), kNow));
  CHECK_FALSE(SessionPin::read(old, PinKeys({key("old", 3)}), kNow)); // the name is no proof
}

TEST_CASE("whatever is changed in a pin ends it", "[bundle][pin]") {
  const PinKeys keys({key("a", 1)});
  const std::string text = pin(keys);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : {'0', 'z', '.', '~', '@'}) {
      std::string changed = text;
      if (changed[at] == c) continue;
      changed[at] = c;
      CAPTURE(changed);
      CHECK_FALSE(SessionPin::read(changed, keys, kNow));
    }
    CHECK_FALSE(SessionPin::read(text.substr(0, at), keys, kNow));
    CHECK_FALSE(SessionPin::read(text.substr(at + 1), keys, kNow));
  }
  CHECK_FALSE(SessionPin::read(text + "A", keys, kNow));
  CHECK_FALSE(SessionPin::read("", keys, kNow));
  CHECK_FALSE(SessionPin::read(std::string(3000, 'A'), keys, kNow));
}

TEST_CASE("a pin of one route is nothing on another", "[bundle][pin]") {
  const PinKeys here({key("a", 1)}, "/"), there({key("a", 1)}, "/next/");
  CHECK(SessionPin::read(pin(here), here, kNow));
  CHECK_FALSE(SessionPin::read(pin(here), there, kNow));
}

TEST_CASE("a pin of nothing is a pin", "[bundle][pin]") {
  const PinKeys keys({key("a", 1)});
  const std::string text = SessionPin::write({}, keys, {0, kNow + 1h});
  const auto read = SessionPin::read(text, keys, kNow);
  REQUIRE(read);
  CHECK(read->versions().empty());
}

TEST_CASE("a pin does not grow beyond what a cookie holds", "[bundle][pin]") {
  const PinKeys keys({key("a", 1)});
  const std::string name(200, 'n');
  const std::vector<PinnedVersion> many(20, {name, "1.0.0"});
  CHECK(SessionPin::write(many, keys, {1, kNow}).empty());
}

TEST_CASE("keys that are none are refused", "[bundle][pin]") {
  CHECK_THROWS_WITH(PinKeys({}), "sessions need a key");
  CHECK_THROWS_WITH(PinKeys({key("a.b", 1)}),
                    "'a.b' is no name of a key: letters and digits, at most 8");
}
