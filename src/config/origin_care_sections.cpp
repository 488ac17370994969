// The sections that say what is done about servers that fail, lag or have too much to do.
#include "origin_sections.hpp"

#include "kinds.hpp"
#include "origin_rules.hpp"

namespace selvedge::config {

namespace {

constexpr std::uint64_t kMillion = 1'000'000;

} // namespace

Section<upstream::HealthCheckOptions> health_section() {
  using upstream::HealthCheckOptions;
  Section<HealthCheckOptions> keys;
  keys.add("path", &HealthCheckOptions::path, text(kCheckTarget, Empty::allowed),
           {"What is asked for with GET, at each server; \"\": nothing, all count as well."});
  keys.add("host", &HealthCheckOptions::host, text(kHostAndPort, Empty::allowed),
           {"Host of these requests; \"\": the origin's `host`, or else the server's address."});
  keys.add("expect", &HealthCheckOptions::expect, texts(kWellStatus),
           {"Statuses of a server that is well, as [\"200-299\", \"404\"]."});
  keys.add(
      "interval", &HealthCheckOptions::interval,
      duration(std::chrono::milliseconds{10}, std::chrono::hours{24}),
      {"Between two checks of a server, give or take a tenth: so nodes do not march in step."});
  keys.add("timeout", &HealthCheckOptions::timeout, timeout(),
           {"For an answer to a check, connecting included; beyond, it has failed."});
  keys.add("unhealthy_after", &HealthCheckOptions::unhealthy_after, number<std::uint32_t>(1, 1000),
           {"Failed checks in a row after which a server is not asked."});
  keys.add("healthy_after", &HealthCheckOptions::healthy_after, number<std::uint32_t>(1, 1000),
           {"Good checks in a row after which it is asked again. The first check after the start "
            "decides at once."});
  return keys;
}

Section<upstream::EjectionOptions> ejection_section() {
  using upstream::EjectionOptions;
  Section<EjectionOptions> keys;
  keys.add("consecutive_errors", &EjectionOptions::consecutive_errors,
           number<std::uint32_t>(0, 100'000),
           {"A server is left out after so many failed fetches in a row (no answer, or one of "
            "5xx); 0: not for that."});
  keys.add("interval", &EjectionOptions::interval,
           duration(std::chrono::milliseconds{10}, std::chrono::hours{24}),
           {"How often servers are compared with each other."});
  keys.add("success_rate_deviations", &EjectionOptions::success_rate_deviations, decimal(0, 100),
           {"A server is left out whose rate of good answers is more than so many standard "
            "deviations below the mean; 0: not for that."});
  keys.add("latency_factor", &EjectionOptions::latency_factor, decimal(0, 1000),
           {"A server is left out that takes more than so many times as long as the median of the "
            "servers; 0: not for that."});
  keys.add("base_time", &EjectionOptions::base_time, timeout(),
           {"How long it is left out: this, times how often in a row it was."});
  keys.add("max_time", &EjectionOptions::max_time, timeout(), {"But no longer than this."});
  keys.add("max_share", &EjectionOptions::max_share, share(),
           {"Of the servers, so many at most are left out at once, and never the last one."});
  return keys;
}

Section<upstream::OriginLimits> origin_limits_section() {
  using upstream::OriginLimits;
  Section<OriginLimits> keys;
  keys.add("connections", &OriginLimits::connections, number<std::uint32_t>(1, kMillion),
           {"Connections to one server; fetches beyond wait for one."});
  keys.add("in_flight", &OriginLimits::in_flight, number<std::uint32_t>(1, kMillion),
           {"Fetches at one server; further ones wait."});
  keys.add("adaptive", &OriginLimits::adaptive, boolean(),
           {"Whether fewer are let through as soon as the servers take longer than they used to, "
            "and more again when they recover."});
  keys.add("queue", &OriginLimits::queue, number<std::uint32_t>(0, kMillion),
           {"Fetches that wait for room [503]."});
  keys.add("queue_timeout", &OriginLimits::queue_timeout, timeout(), {"How long one waits [503]."});
  return keys;
}

Section<upstream::BreakerOptions> breaker_section() {
  using upstream::BreakerOptions;
  Section<BreakerOptions> keys;
  keys.add("failure_share", &BreakerOptions::failure_share, share(),
           {"With so many of the fetches failing it opens: no server is asked [503]. 0%: never."});
  keys.add("min_requests", &BreakerOptions::min_requests, number<std::uint32_t>(1, kMillion),
           {"Fetches in the window before it may open."});
  keys.add("window", &BreakerOptions::window,
           duration(std::chrono::milliseconds{10}, std::chrono::hours{1}),
           {"How far back fetches are counted."});
  keys.add("open_time", &BreakerOptions::open_time, timeout(),
           {"How long it stays open before one fetch is let through to see: when that fails, twice "
            "as long, up to 30s."});
  return keys;
}

Section<upstream::RetryOptions> retry_section() {
  using upstream::RetryOptions;
  Section<RetryOptions> keys;
  keys.add("tries", &RetryOptions::tries, number<std::uint32_t>(1, 10),
           {"How often a fetch is tried at most, the first time counted; 1: no retries."});
  keys.add("budget", &RetryOptions::budget, share(),
           {"Retries against fetches, on average: they do not multiply the load of servers that "
            "are failing."});
  keys.add("backoff", &RetryOptions::backoff, timeout_or_zero(),
           {"Before a retry; doubled each time, half of it at random."});
  keys.add("statuses", &RetryOptions::statuses, texts(kRetryStatus, Empty::allowed),
           {"Answers that count as failed, as [\"429\", \"502-504\"]; the last one goes to the "
            "client."});
  return keys;
}

Section<upstream::HedgeOptions> hedge_section() {
  using upstream::HedgeOptions;
  Section<HedgeOptions> keys;
  keys.add("enabled", &HedgeOptions::enabled, boolean(),
           {"Whether a second server is asked for a request that may be repeated."});
  keys.add("budget", &HedgeOptions::budget, share(),
           {"Second requests against fetches, on average."});
  keys.add("min_delay", &HedgeOptions::min_delay, timeout(),
           {"Never sooner than this after the first."});
  return keys;
}

} // namespace selvedge::config
