// The admin API's side of load, tiers and money: what is reported, and in which words.
#include <selvedge/proxy/access_record.hpp>
#include <src/server/access_log.hpp>
#include <src/server/overload_api.hpp>
#include <src/server/policy_metrics.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

#include <regex>

using namespace selvedge;
using namespace selvedge::server;
using Json = nlohmann::json;
using overload::Importance;
using overload::Lane;
using overload::LoadLevel;

namespace {

TierReport premium() {
  TierReport tier;
  tier.options.name = "premium";
  tier.options.priority = Importance::premium;
  tier.options.value = 4;
  tier.options.objective_p99 = std::chrono::milliseconds{50};
  tier.options.objective_availability = 0.999;
  tier.served = 1000;
  tier.durations[3] = 980; // 0.5 to 1 ms
  tier.durations[5] = 20;  // 2.5 to 5 ms
  tier.duration_s = 0.75;
  tier.content_bytes = 4096;
  return tier;
}

TierReport free_tier() {
  TierReport tier;
  tier.options.name = "free";
  tier.options.priority = Importance::free;
  tier.served = 60;
  tier.failed = 10;
  tier.shed[static_cast<std::size_t>(proxy::ShedReason::overload)] = 25;
  tier.shed[static_cast<std::size_t>(proxy::ShedReason::rule)] = 5;
  return tier;
}

WorkerReport worker(unsigned index, LoadLevel level) {
  WorkerReport one;
  one.worker = index;
  one.level = level;
  one.admitted_level = 191;
  one.busy = 0.5;
  one.busy_s = 12.25;
  LaneReport& lane = one.lanes[index_of(Lane::free)];
  lane.turns = 4;
  lane.waiting = 2;
  lane.spent_s = 0.5;
  lane.delay_s = 1;
  lane.delays[2] = 3;
  lane.delays.back() = 1;
  return one;
}

PolicyReport report() {
  PolicyReport all;
  all.version = "2026-01 \"a\"";
  all.currency = "EUR";
  all.workers = {worker(0, LoadLevel::calm), worker(1, LoadLevel::high)};
  all.workers[1].strangers_wait = true;
  all.tiers = {premium(), free_tier()};
  policy::LedgerRow ui;
  ui.tier = 0;
  ui.bundle = "acme-ui";
  ui.served = 900;
  ui.value_served = 3'600'000;
  ui.origin_cost = 250'000;
  ui.sent_bytes = 4000;
  policy::LedgerRow docs = ui;
  docs.bundle = "docs";
  docs.served = 100;
  docs.value_served = 400'000;
  policy::LedgerRow other = ui;
  other.tier = 1;
  other.shed = 30;
  other.value_shed = 500;
  all.ledger = {ui, docs, other};
  all.shed[index_of(Importance::free)] = all.tiers[1].shed;
  all.identity.forged = 3;
  all.limits.uncounted = 7;
  all.handshakes_full = 11;
  all.handshakes_resumed = 12;
  all.resident_bytes = 1000;
  return all;
}

std::string metrics() {
  Exposition out;
  write_policy(out, report());
  return out.take();
}

} // namespace

TEST_CASE("a quantile lies within its bucket", "[server][overload]") {
  const std::array<std::uint32_t, 3> bounds{10, 20, 40};
  const auto of = [&bounds](double share, std::array<std::uint64_t, 4> counts) {
    return quantile(share, counts, bounds);
  };
  CHECK(of(0.99, {0, 0, 0, 0}) == 0);
  CHECK(of(0.5, {10, 0, 0, 0}) == 5);
  CHECK(of(0.5, {5, 5, 0, 0}) == 10);
  CHECK(of(0.75, {5, 0, 5, 0}) == 30);
  CHECK(of(1, {5, 0, 5, 0}) == 40);
  CHECK(of(0.99, {1, 0, 0, 9}) == 40); // no upper bound: at least so much
}

TEST_CASE("a tier's availability counts what was turned away", "[server][overload]") {
  CHECK(TierReport{}.availability() == 1);
  CHECK(premium().availability() == 1);
  CHECK(free_tier().availability() == 0.6);
  CHECK(free_tier().shed_in_all() == 30);
  CHECK(premium().p99_s() == Approx(0.00375));
}

TEST_CASE("the busiest worker makes the node's level", "[server][overload]") {
  CHECK(report().level() == LoadLevel::high);
  CHECK(PolicyReport{}.level() == LoadLevel::calm);
  const LaneReports lanes = report().lanes();
  CHECK(lanes[index_of(Lane::free)].turns == 8);
  CHECK(lanes[index_of(Lane::free)].waiting == 4);
  CHECK(lanes[index_of(Lane::free)].mean_delay_s() == 0.25);
  CHECK(lanes[index_of(Lane::premium)].mean_delay_s() == 0);
}

TEST_CASE("the answer about overload tells of workers and tiers", "[server][overload]") {
  const AdminAnswer answer = overload_answer(report());
  CHECK(answer.status == 200);
  const Json body = Json::parse(answer.content);
  CHECK(body["policy_version"] == "2026-01 \"a\"");
  CHECK(body["level"] == "high");
  CHECK(body["resident_bytes"] == 1000);
  CHECK(body["memory_limit"].is_null());
  CHECK(body["tenant_limits"] == Json{{"uncounted", 7}, {"forgotten", 0}});
  REQUIRE(body["workers"].size() == 2);
  const Json& second = body["workers"][1];
  CHECK(second["worker"] == 1);
  CHECK(second["level"] == "high");
  CHECK(second["strangers_wait"] == true);
  CHECK(second["admitted_level"] == 191);
  CHECK(second["lanes"].size() == overload::kLanes);
  const Json free_lane{
      {"waiting", 2}, {"turns", 4}, {"spent_seconds", 0.5}, {"delay_seconds_mean", 0.25}};
  CHECK(second["lanes"]["free"] == free_lane);
  const Json& free = body["tiers"]["free"];
  CHECK(free["priority"] == "free");
  CHECK(free["shed"]["overload"] == 25);
  CHECK(free["shed"]["rate-limit"] == 0);
  CHECK(free["objective"] == Json{{"p99_seconds", nullptr}, {"availability", nullptr}});
  CHECK(free["meets_objective"] == true); // it has none
  const Json& best = body["tiers"]["premium"];
  CHECK(best["objective"] == Json{{"p99_seconds", 0.05}, {"availability", 0.999}});
  CHECK(best["meets_objective"] == true);
}

TEST_CASE("an objective that is missed is told", "[server][overload]") {
  const auto meets = [](const TierReport& tier) {
    PolicyReport all;
    all.tiers = {tier};
    return Json::parse(overload_answer(all).content)["tiers"]["premium"]["meets_objective"]
        .get<bool>();
  };
  TierReport slow = premium();
  slow.options.objective_p99 = std::chrono::milliseconds{3};
  TierReport failing = premium();
  failing.failed = 2;
  CHECK(meets(premium()));
  CHECK_FALSE(meets(slow));
  CHECK_FALSE(meets(failing));
}

TEST_CASE("money is reported by tier and bundle, and adds up", "[server][overload]") {
  const Json body = Json::parse(economics_answer(report()).content);
  CHECK(body["currency"] == "EUR");
  REQUIRE(body["rows"].size() == 3);
  CHECK(body["rows"][0]["tier"] == "premium");
  CHECK(body["rows"][0]["bundle"] == "acme-ui");
  CHECK(body["rows"][0]["value_served"] == 3.6);
  REQUIRE(body["tiers"].size() == 2);
  CHECK(body["tiers"][0]["tier"] == "premium");
  CHECK(body["tiers"][0]["value_per_1000"] == 4.0);
  CHECK(body["tiers"][0]["served"] == 1000);
  CHECK(body["tiers"][0]["value_served"] == 4.0);
  CHECK(body["tiers"][1]["value_shed"] == 0.0005);
  CHECK(body["totals"]["origin_cost"] == 0.75);
  CHECK(body["totals"]["shed"] == 30);
  CHECK(body["totals"]["sent_bytes"] == 12000);
}

TEST_CASE("events are asked for by their numbers", "[server][overload]") {
  CHECK(read_events_after("") == 0);
  CHECK(read_events_after("after=17") == 17);
  for (const char* wrong : {"after=", "after=-1", "after=1x", "since=1", "after=1&x=2"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_events_after(wrong));
  }
  overload::EventLog log;
  overload::Event event;
  event.time = std::chrono::sys_days{std::chrono::year{2026} / 2 / 3} + std::chrono::hours{4};
  event.worker = 1;
  event.knob = "load-level";
  event.from = "calm";
  event.to = "high";
  event.why = "busy 97%";
  log.add(event);
  log.add(event);
  const Json both = Json::parse(events_answer(log, "").content)["events"];
  REQUIRE(both.size() == 2);
  CHECK(both[0] == Json{{"number", 1},
                        {"time", "2026-02-03T04:00:00Z"},
                        {"worker", 1},
                        {"knob", "load-level"},
                        {"from", "calm"},
                        {"to", "high"},
                        {"why", "busy 97%"}});
  CHECK(Json::parse(events_answer(log, "after=1").content)["events"].size() == 1);
  CHECK(events_answer(log, "after=x").status == 400);
}

TEST_CASE("metrics tell of load, tiers, identities and money", "[server][overload]") {
  const std::string text = metrics();
  CAPTURE(text);
  const auto has = [&text](const char* line) {
    return text.find(std::string("\n") + line + "\n") != std::string::npos;
  };
  CHECK(has("selvedge_load_level 2"));
  CHECK(has("selvedge_worker_load_level{worker=\"0\"} 0"));
  CHECK(has("selvedge_worker_busy_seconds_total{worker=\"1\"} 12.25"));
  CHECK(has("selvedge_admitted_level{worker=\"0\"} 191"));
  CHECK(has("selvedge_strangers_wait{worker=\"1\"} 1"));
  CHECK(has("selvedge_work_seconds_total{class=\"free\"} 1"));
  CHECK(has("selvedge_work_turns_total{class=\"free\"} 8"));
  CHECK(has("selvedge_ready_waiting{class=\"free\"} 4"));
  CHECK(has("selvedge_ready_delay_seconds_bucket{class=\"free\",le=\"0.00025\"} 0"));
  CHECK(has("selvedge_ready_delay_seconds_bucket{class=\"free\",le=\"0.001\"} 6"));
  CHECK(has("selvedge_ready_delay_seconds_bucket{class=\"free\",le=\"+Inf\"} 8"));
  CHECK(has("selvedge_ready_delay_seconds_sum{class=\"free\"} 2"));
  CHECK(has("selvedge_shed_total{class=\"free\",reason=\"overload\"} 25"));
  CHECK(has("selvedge_shed_total{class=\"premium\",reason=\"overload\"} 0"));
  CHECK(has("selvedge_tier_requests_total{tier=\"free\",result=\"served\"} 60"));
  CHECK(has("selvedge_tier_requests_total{tier=\"free\",result=\"failed\"} 10"));
  CHECK(has("selvedge_tier_requests_total{tier=\"free\",result=\"shed\"} 30"));
  CHECK(has("selvedge_tier_shed_total{tier=\"free\",reason=\"rule\"} 5"));
  CHECK(has("selvedge_tier_request_duration_seconds_count{tier=\"premium\"} 1000"));
  CHECK(has("selvedge_tier_request_duration_seconds_sum{tier=\"premium\"} 0.75"));
  CHECK(has("selvedge_tier_content_bytes_total{tier=\"premium\"} 4096"));
  CHECK(has("selvedge_identity_tokens_total{result=\"forged\"} 3"));
  CHECK(has("selvedge_identity_tokens_total{result=\"expired\"} 0"));
  CHECK(has("selvedge_tenant_limits_uncounted_total 7"));
  CHECK(has("selvedge_handshakes_total{kind=\"resumed\"} 12"));
  CHECK(has("selvedge_streams_deferred_total 0"));
  CHECK(has("selvedge_value_total{tier=\"premium\",outcome=\"served\"} 4"));
  CHECK(has("selvedge_cost_total{tier=\"premium\",kind=\"origin\"} 0.5"));
  CHECK(has("selvedge_policy_info{version=\"2026-01 \\\"a\\\"\"} 1"));
}

// Exposition format 0.0.4: a family is told before its samples, once, and they stand together.
TEST_CASE("every sample of the policy stands below its family", "[server][overload]") {
  const std::string text = metrics();
  const std::regex line(R"((# HELP (\w+) .+|# TYPE (\w+) (counter|gauge|histogram))"
                        R"(|(\w+)(\{[^}]*\})? [0-9.e+-]+)\n)");
  std::vector<std::string> families;
  std::string family;
  bool is_histogram = false;
  std::size_t samples = 0, at = 0;
  for (std::smatch match; at < text.size(); at += static_cast<std::size_t>(match.length())) {
    const std::string rest = text.substr(at, text.find('\n', at) + 1 - at);
    CAPTURE(rest);
    REQUIRE(std::regex_match(rest, match, line));
    if (match[2].matched) {
      family = match[2];
      CHECK(std::find(families.begin(), families.end(), family) == families.end());
      families.push_back(family);
    } else if (match[3].matched) {
      CHECK(match[3] == family);
      is_histogram = match[4] == "histogram";
      CHECK((match[4] == "counter") == family.ends_with("_total"));
    } else {
      const std::string name = match[5];
      const bool is_part =
          name == family + "_bucket" || name == family + "_sum" || name == family + "_count";
      CHECK((is_histogram ? is_part : name == family));
      ++samples;
    }
  }
  CHECK(families.size() == 23);
  // Of load, lanes, refusals, tiers, identities and limits, money, and the version.
  CHECK(samples == 10 + overload::kLanes * (3 + 12) + 32 + (6 + 16 + 32 + 2) + (10 + 3) + 8 + 1);
}

TEST_CASE("the access log says the tier where there is one", "[server][overload]") {
  proxy::AccessRecord record;
  record.clear();
  CHECK(format_json(record).find("selvedge.tier") == std::string::npos);
  record.set(proxy::AccessRecord::tier, "premium");
  CHECK(Json::parse(format_json(record))["selvedge.tier"] == "premium");
}
