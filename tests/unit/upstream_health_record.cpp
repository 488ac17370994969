#include <selvedge/upstream/slow_start.hpp>
#include <src/upstream/health_record.hpp>
#include <tests/support/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace selvedge::upstream;
using namespace std::chrono_literals;
using selvedge::base::Steady;

namespace {

// '+' is a check that passes, '-' one that fails; the answer has the server's health after each.
std::string health_after(HealthRecord& record, ServerState& server, std::string_view checks) {
  std::string seen;
  Steady now{1h};
  for (const char check : checks) {
    const bool was = server.is_healthy;
    const auto change =
        record.on_check(server, check == '+' ? CheckResult::passed : CheckResult::failed, now);
    const bool is = server.is_healthy;
    const auto expected = was == is ? HealthChange::none
                          : is      ? HealthChange::recovered
                                    : HealthChange::fell_ill;
    CHECK(change == expected);
    seen += is ? '+' : '-';
    now += 5s;
  }
  return seen;
}

} // namespace

TEST_CASE("health follows several checks that say the same", "[upstream][health]") {
  using Row = std::tuple<const char*, const char*>;
  const auto [checks, health] = GENERATE(table<const char*, const char*>({
      Row{"++++", "++++"},
      Row{"-", "-"}, // the first decides at once
      Row{"-+", "--"},
      Row{"-++", "--+"},
      Row{"-+-++", "----+"},
      Row{"+-", "++"},
      Row{"+---", "+++-"},
      Row{"+--+--", "++++++"}, // in a row
      Row{"+---++---", "+++--+++-"},
  }));
  CAPTURE(checks);
  HealthRecord record{HealthCheckOptions{}}; // ill after 3, well after 2
  ServerState server("a:80");
  CHECK(health_after(record, server, checks) == health);
  CHECK(server.checks == std::string_view(checks).size());
  CHECK(server.failed_checks == static_cast<std::uint64_t>(std::count(
                                    checks, checks + std::string_view(checks).size(), '-')));
}

TEST_CASE("thresholds of 0 and 1 are one check", "[upstream][health]") {
  HealthCheckOptions options;
  options.unhealthy_after = GENERATE(0u, 1u);
  options.healthy_after = options.unhealthy_after;
  HealthRecord record(options);
  ServerState server("a:80");
  CHECK(health_after(record, server, "+-+--+") == "+-+--+");
}

TEST_CASE("a server that recovers starts slowly", "[upstream][health]") {
  HealthRecord record{HealthCheckOptions{}};
  ServerState server("a:80");
  const Steady start{1h};
  record.on_check(server, CheckResult::passed, start);
  CHECK(server.returned_at_ns == 0); // it had not been away
  for (int i = 0; i < 3; ++i) record.on_check(server, CheckResult::failed, start + 1s);
  CHECK(server.returned_at_ns == 0);
  for (int i = 0; i < 2; ++i) record.on_check(server, CheckResult::passed, start + 2s);
  CHECK(server.returned_at_ns == nanoseconds_of(start + 2s));
  record.on_check(server, CheckResult::passed, start + 3s);
  CHECK(server.returned_at_ns == nanoseconds_of(start + 2s));

  // One that is ejected as well comes back when that is over.
  for (int i = 0; i < 3; ++i) record.on_check(server, CheckResult::failed, start + 4s);
  server.ejected_until_ns = nanoseconds_of(start + 20s);
  for (int i = 0; i < 2; ++i) record.on_check(server, CheckResult::passed, start + 5s);
  CHECK(server.returned_at_ns == nanoseconds_of(start + 20s));
}

TEST_CASE("a new record may find a server ill that another one left so", "[upstream][health]") {
  ServerState server("a:80");
  server.is_healthy = false;
  HealthRecord record{HealthCheckOptions{}};
  CHECK(health_after(record, server, "+") == "+");
}

TEST_CASE("statuses and ranges of them", "[upstream][health]") {
  using Row = std::tuple<const char*, int, int>;
  const auto [text, first, last] = GENERATE(table<const char*, int, int>({
      Row{"200", 200, 200},
      Row{"200-399", 200, 399},
      Row{"100-599", 100, 599},
      Row{"404-404", 404, 404},
  }));
  CAPTURE(text);
  const auto range = parse_status_range(text);
  REQUIRE(range.has_value());
  CHECK(range->first == first);
  CHECK(range->last == last);
}

TEST_CASE("texts that are no statuses", "[upstream][health]") {
  const auto text =
      GENERATE("", "-", "20", "2000", "2xx", "200-", "-200", "399-200", "099", "600", "200-600",
               "200 - 399", " 200", "200 ", "+20", "200-300-400", "200,204", "0200", "200--300");
  CAPTURE(text);
  CHECK_FALSE(parse_status_range(text).has_value());
}

TEST_CASE("a status is within one of several ranges", "[upstream][health]") {
  const std::vector<StatusRange> ranges = {{200, 299}, {401, 401}};
  for (const int status : {200, 204, 299, 401}) {
    CHECK(contains(ranges, static_cast<selvedge::http::Status>(status)));
  }
  for (const int status : {199, 300, 400, 402, 503}) {
    CHECK_FALSE(contains(ranges, static_cast<selvedge::http::Status>(status)));
  }
  CHECK_FALSE(contains({}, 200));
}

TEST_CASE("checks come at the interval, give or take a tenth", "[upstream][health]") {
  CHECK(next_check_delay(5000ms, 0) == 4500ms);
  CHECK(next_check_delay(5000ms, 0.5) == 5000ms);
  CHECK(next_check_delay(5000ms, 0.999999) == 5500ms);
  CHECK(next_check_delay(1ms, 0) == 1ms);
}

TEST_CASE("weight grows from a tenth to the whole", "[upstream][slow_start]") {
  ServerState server("a:80");
  const Steady back{1h};
  CHECK(effective_weight(server, 4, 10s, back) == 4); // it never was away
  mark_returned(server, back);
  CHECK(effective_weight(server, 4, 10s, back) == Approx(0.4));
  CHECK(effective_weight(server, 4, 10s, back + 500ms) == Approx(0.4));
  CHECK(effective_weight(server, 4, 10s, back + 5s) == Approx(2));
  CHECK(effective_weight(server, 4, 10s, back + 10s) == Approx(4));
  CHECK(effective_weight(server, 4, 10s, back + 1h) == Approx(4));
  CHECK(effective_weight(server, 0, 10s, back + 5s) == 0);
  CHECK(effective_weight(server, 4, 0s, back) == 4);
  // While it is out its weight is what its group lacks.
  server.ejected_until_ns = nanoseconds_of(back + 20s);
  mark_returned(server, back + 11s);
  CHECK(effective_weight(server, 4, 10s, back + 12s) == 4);
  CHECK(effective_weight(server, 4, 10s, back + 20s) == Approx(0.4));
}
