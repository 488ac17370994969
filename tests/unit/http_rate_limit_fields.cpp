#include <selvedge/http/rate_limit_fields.hpp>
#include <selvedge/http/structured_field.hpp>
#include <tests/support/catch.hpp>

#include <array>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using namespace selvedge::http;

static_assert(std::is_trivially_copyable_v<RateLimitText>);

namespace {

std::string policy(const QuotaPolicy& one) {
  return std::string(rate_limit_policy_text({&one, 1}).view());
}

std::string limit(const ServiceLimit& one) {
  return std::string(rate_limit_text({&one, 1}).view());
}

// The name of the only item, as who receives it reads it.
std::string name_read_from(std::string_view text) {
  const auto list = parse_sf_list(text);
  REQUIRE(list.has_value());
  REQUIRE(list->size() == 1);
  return std::get<SfString>(std::get<SfItem>(list->front()).value).text;
}

} // namespace

TEST_CASE("a quota policy as text", "[http][ratelimit]") {
  // draft-ietf-httpapi-ratelimit-headers-11, 3.2
  CHECK(policy({.name = "default", .quota = 100, .window = 10s}) == R"("default";q=100;w=10)");
  CHECK(policy({.name = "default", .quota = 100}) == R"("default";q=100)");
  CHECK(policy({.name = "none", .quota = 0, .window = 1s}) == R"("none";q=0;w=1)");
  // 3.1.2
  CHECK(policy({.name = "busy", .quota = 8, .unit = QuotaUnit::concurrent_requests}) ==
        R"("busy";q=8;qu="concurrent-requests")");
  // 3.1.3: a window is not zero
  CHECK(policy({.name = "a", .quota = 1, .window = 0s}) == R"("a";q=1;w=1)");
  CHECK(policy({.name = "a", .quota = 1, .window = -5s}) == R"("a";q=1;w=1)");
}

TEST_CASE("a service limit as text", "[http][ratelimit]") {
  // 4.2
  CHECK(limit({.policy = "default", .available = 50, .effective_window = 30s}) ==
        R"("default";r=50;t=30)");
  CHECK(limit({.policy = "default", .available = 999}) == R"("default";r=999)");
  // 4.1.2: whole seconds, none of which is too early
  CHECK(limit({.policy = "a", .effective_window = 1ns}) == R"("a";r=0;t=1)");
  CHECK(limit({.policy = "a", .effective_window = 1001ms}) == R"("a";r=0;t=2)");
  CHECK(limit({.policy = "a", .effective_window = 0s}) == R"("a";r=0;t=0)");
  CHECK(limit({.policy = "a", .effective_window = -3s}) == R"("a";r=0;t=0)");
  CHECK(limit({.policy = "a", .effective_window = std::chrono::nanoseconds::max()}) ==
        R"("a";r=0;t=9223372037)");
}

TEST_CASE("several items are one list", "[http][ratelimit]") {
  const std::array policies{QuotaPolicy{.name = "permin", .quota = 50, .window = 60s},
                            QuotaPolicy{.name = "perhr", .quota = 1000, .window = 3600s}};
  CHECK(rate_limit_policy_text(policies).view() == R"("permin";q=50;w=60, "perhr";q=1000;w=3600)");
  const std::array limits{ServiceLimit{.policy = "permin", .available = 0, .effective_window = 2s},
                          ServiceLimit{.policy = "perhr", .available = 7}};
  CHECK(rate_limit_text(limits).view() == R"("permin";r=0;t=2, "perhr";r=7)");
  CHECK(rate_limit_text({}).view().empty());
  CHECK(rate_limit_policy_text({}).view().empty());
}

TEST_CASE("names are escaped as Strings", "[http][ratelimit]") {
  // RFC 9651, 4.1.6
  CHECK(limit({.policy = R"(say "hi" \o/)"}) == R"("say \"hi\" \\o/";r=0)");
  CHECK(limit({.policy = ""}) == R"("";r=0)");
  CHECK(limit({.policy = "a, b;c=d~ "}) == R"("a, b;c=d~ ";r=0)");
  // What no String may hold; one with such bytes as they are would fail as a whole.
  CHECK(limit({.policy = "caf\xc3\xa9"}) == R"("caf%c3%a9";r=0)");
  CHECK(limit({.policy = "a\r\nb\x7f\t"}) == R"("a%0d%0ab%7f%09";r=0)");
  CHECK(limit({.policy = std::string_view("\0", 1)}) == R"("%00";r=0)");
}

TEST_CASE("long names are cut alike in both fields, never within an escape", "[http][ratelimit]") {
  const std::string longest(kPolicyNameBytes, 'n');
  CHECK(name_read_from(limit({.policy = longest})) == longest);
  CHECK(name_read_from(limit({.policy = longest + "m"})) == longest);
  CHECK(name_read_from(policy({.name = longest + "m"})) == longest);
  const std::string quotes(kPolicyNameBytes, '"');
  CHECK(name_read_from(limit({.policy = "a" + quotes})) ==
        "a" + quotes.substr(0, kPolicyNameBytes / 2 - 1));
  CHECK(limit({.policy = longest.substr(2) + "\xc3"}) == "\"" + longest.substr(2) + "\";r=0");
}

TEST_CASE("numbers keep to what an Integer may be", "[http][ratelimit]") {
  // RFC 9651, 3.3.1
  CHECK(policy({.name = "a", .quota = ~std::uint64_t{0}, .window = std::chrono::seconds::max()}) ==
        R"("a";q=999999999999999;w=999999999999999)");
  CHECK(limit({.policy = "a", .available = ~std::uint64_t{0}}) == R"("a";r=999999999999999)");
}

TEST_CASE("there is room for two items of any size, and only whole ones are written",
          "[http][ratelimit]") {
  const std::string name(300, '"');
  const QuotaPolicy largest{.name = name,
                            .quota = ~std::uint64_t{0},
                            .window = std::chrono::seconds::max(),
                            .unit = QuotaUnit::concurrent_requests};
  const std::vector<QuotaPolicy> three(3, largest);
  const std::string one = policy(largest);
  CHECK(rate_limit_policy_text(three).view() == one + ", " + one);

  const std::vector<ServiceLimit> many(100, ServiceLimit{.policy = "abcd", .available = 1});
  const RateLimitText text = rate_limit_text(many); // 10 bytes each, and 2 between them
  REQUIRE(parse_sf_list(text.view()).has_value());
  CHECK(parse_sf_list(text.view())->size() == (RateLimitText::kBytes + 2) / 12);
}

TEST_CASE("whatever the names and numbers, the fields are lists of Strings",
          "[http][ratelimit][property]") {
  std::mt19937_64 random(9);
  for (int round = 0; round < 5000; ++round) {
    std::string name(random() % 200, ' ');
    for (char& c : name) c = static_cast<char>(random() % (round % 2 == 0 ? 256 : 128));
    const std::uint64_t number = random() >> (random() % 64);
    const QuotaPolicy quota{.name = name, .quota = number, .window = 7s};
    const ServiceLimit left{.policy = name, .available = number, .effective_window = 7s};
    const std::string read = name_read_from(policy(quota));
    REQUIRE(read == name_read_from(limit(left)));
    REQUIRE(read.size() <= kPolicyNameBytes);
    const auto list = parse_sf_list(limit(left));
    const SfItem item = std::get<SfItem>(list->front());
    REQUIRE(item.parameters.size() == 2);
    REQUIRE(std::get<std::int64_t>(item.parameters[0].second) ==
            static_cast<std::int64_t>(std::min<std::uint64_t>(number, 999'999'999'999'999)));
    REQUIRE(std::get<std::int64_t>(item.parameters[1].second) == 7);
  }
}
