#include "policy_metrics.hpp"

#include <array>
#include <span>
#include <utility>

namespace selvedge::server {

using overload::Importance;
using overload::Lane;

namespace {

struct WorkerFamily {
  std::string_view name, type, help;
  double (*value)(const WorkerReport&);
};
constexpr std::array<WorkerFamily, 4> kWorkerFamilies{{
    {"selvedge_worker_busy_seconds_total", "counter", "Time of a core that a worker has used.",
     [](const WorkerReport& w) { return w.busy_s; }},
    {"selvedge_worker_load_level", "gauge",
     "How busy a worker is: 0 calm, 1 elevated, 2 high, 3 critical.",
     [](const WorkerReport& w) { return static_cast<double>(w.level); }},
    {"selvedge_admitted_level", "gauge",
     "Up to which level (64 times the importance, and the cohort) requests are served.",
     [](const WorkerReport& w) { return static_cast<double>(w.admitted_level); }},
    {"selvedge_strangers_wait", "gauge",
     "1 while clients who are not known are kept waiting like the least important.",
     [](const WorkerReport& w) { return w.strangers_wait ? 1.0 : 0.0; }},
}};

struct LaneFamily {
  std::string_view name, type, help;
  double (*value)(const LaneReport&);
};
constexpr std::array<LaneFamily, 3> kLaneFamilies{{
    {"selvedge_work_seconds_total", "counter", "Time of the workers by class of work.",
     [](const LaneReport& l) { return l.spent_s; }},
    {"selvedge_work_turns_total", "counter", "Turns of the workers by class of work.",
     [](const LaneReport& l) { return static_cast<double>(l.turns); }},
    {"selvedge_ready_waiting", "gauge", "What waits for its turn, by class of work.",
     [](const LaneReport& l) { return static_cast<double>(l.waiting); }},
}};

struct IdentityFamily {
  std::string_view result;
  std::uint64_t IdentityReport::*member;
};
constexpr std::array<IdentityFamily, 8> kTokenResults{{
    {"verified", &IdentityReport::verified},
    {"cached", &IdentityReport::cached},
    {"expired", &IdentityReport::expired},
    {"forged", &IdentityReport::forged},
    {"refused", &IdentityReport::refused},
    {"malformed", &IdentityReport::malformed},
    {"oversized", &IdentityReport::oversized},
    {"untiered", &IdentityReport::untiered},
}};

std::string class_label(Lane lane) {
  return fmt::format("class=\"{}\"", text_of(lane));
}

std::string tier_label(const TierReport& tier) {
  return fmt::format("tier=\"{}\"", label(tier.options.name));
}

// What was counted in buckets whose upper bounds are in microseconds; the last has none.
struct Buckets {
  std::span<const std::uint64_t> counts;
  std::span<const std::uint32_t> bounds;
  double sum_s = 0;
};

void write_histogram(Exposition& out, std::string_view name, const std::string& labels,
                     const Buckets& buckets) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    total += buckets.counts[i];
    const std::string bound =
        i < buckets.bounds.size() ? fmt::format("{}", buckets.bounds[i] / 1e6) : "+Inf";
    out.sample(fmt::format("{}_bucket", name), fmt::format("{},le=\"{}\"", labels, bound), total);
  }
  out.sample(fmt::format("{}_sum", name), labels, buckets.sum_s);
  out.sample(fmt::format("{}_count", name), labels, total);
}

void write_load(Exposition& out, const PolicyReport& report) {
  out.one("selvedge_load_level", "gauge",
          "How busy the busiest worker is: 0 calm, 1 elevated, 2 high, 3 critical.",
          static_cast<unsigned>(report.level()));
  for (const WorkerFamily& family : kWorkerFamilies) {
    out.family(family.name, family.type, family.help);
    for (const WorkerReport& worker : report.workers) {
      out.sample(family.name, fmt::format("worker=\"{}\"", worker.worker), family.value(worker));
    }
  }
}

void write_lanes(Exposition& out, const PolicyReport& report) {
  const LaneReports lanes = report.lanes();
  for (const LaneFamily& family : kLaneFamilies) {
    out.family(family.name, family.type, family.help);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      out.sample(family.name, class_label(static_cast<Lane>(i)), family.value(lanes[i]));
    }
  }
  double refused_s = 0;
  for (const WorkerReport& worker : report.workers) refused_s += worker.refused_s;
  out.one("selvedge_refusal_seconds_total", "counter",
          "Time of the workers for answers that only say no; the classes' times include it.",
          refused_s);
  constexpr std::string_view kDelay = "selvedge_ready_delay_seconds";
  out.family(kDelay, "histogram", "From being ready to the turn, by class of work.");
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    write_histogram(out, kDelay, class_label(static_cast<Lane>(i)),
                    {lanes[i].delays, overload::LaneCounters::kBounds, lanes[i].delay_s});
  }
}

void write_shed(Exposition& out, const PolicyReport& report) {
  constexpr std::string_view kName = "selvedge_shed_total";
  out.family(kName, "counter", "Requests turned away, by their class and why.");
  for (std::size_t i = 0; i < report.shed.size(); ++i) {
    const std::string labels = class_label(lane_of(static_cast<Importance>(i)));
    for (std::size_t r = 0; r < proxy::kShedReasons; ++r) {
      const auto reason = text_of(static_cast<proxy::ShedReason>(r));
      out.sample(kName, fmt::format("{},reason=\"{}\"", labels, reason), report.shed[i][r]);
    }
  }
}

void write_tier_requests(Exposition& out, const std::vector<TierReport>& tiers) {
  constexpr std::string_view kRequests = "selvedge_tier_requests_total";
  out.family(kRequests, "counter", "Requests by the tier of who asks and what became of them.");
  for (const TierReport& tier : tiers) {
    const std::array<std::pair<std::string_view, std::uint64_t>, 3> results{
        {{"served", tier.served}, {"failed", tier.failed}, {"shed", tier.shed_in_all()}}};
    for (const auto& [result, count] : results) {
      out.sample(kRequests, fmt::format("{},result=\"{}\"", tier_label(tier), result), count);
    }
  }
  constexpr std::string_view kShed = "selvedge_tier_shed_total";
  out.family(kShed, "counter", "Requests turned away, by tier and why.");
  for (const TierReport& tier : tiers) {
    for (std::size_t r = 0; r < proxy::kShedReasons; ++r) {
      const auto reason = text_of(static_cast<proxy::ShedReason>(r));
      out.sample(kShed, fmt::format("{},reason=\"{}\"", tier_label(tier), reason), tier.shed[r]);
    }
  }
}

void write_tiers(Exposition& out, const std::vector<TierReport>& tiers) {
  write_tier_requests(out, tiers);
  constexpr std::string_view kDuration = "selvedge_tier_request_duration_seconds";
  out.family(kDuration, "histogram",
             "From the first byte of a request that was served to the last of its answer.");
  for (const TierReport& tier : tiers) {
    write_histogram(out, kDuration, tier_label(tier),
                    {tier.durations, proxy::RouteCounters::kBounds, tier.duration_s});
  }
  constexpr std::string_view kBytes = "selvedge_tier_content_bytes_total";
  out.family(kBytes, "counter", "Content sent, without heads and framing.");
  for (const TierReport& tier : tiers) out.sample(kBytes, tier_label(tier), tier.content_bytes);
}

void write_identities(Exposition& out, const PolicyReport& report) {
  constexpr std::string_view kTokens = "selvedge_identity_tokens_total";
  out.family(kTokens, "counter", "Requests with a token, by what it turned out to be.");
  for (const IdentityFamily& one : kTokenResults) {
    out.sample(kTokens, fmt::format("result=\"{}\"", one.result), report.identity.*one.member);
  }
  out.one("selvedge_identity_api_keys_unknown_total", "counter",
          "Requests with an API key that nobody has.", report.identity.api_keys_unknown);
  out.one("selvedge_tenant_limits_uncounted_total", "counter",
          "Requests that no limit was kept for, since the table of tenants was full.",
          report.limits.uncounted);
  constexpr std::string_view kHandshakes = "selvedge_handshakes_total";
  out.family(kHandshakes, "counter", "TLS handshakes with clients; resumed: by a ticket.");
  out.sample(kHandshakes, "kind=\"full\"", report.handshakes_full);
  out.sample(kHandshakes, "kind=\"resumed\"", report.handshakes_resumed);
  out.one("selvedge_streams_deferred_total", "counter",
          "Streams of HTTP/2 refused unread after they had waited too long.",
          report.streams_deferred);
}

struct Money {
  std::string_view label;
  std::uint64_t policy::LedgerRow::*member;
};

void write_money(Exposition& out, const PolicyReport& report, std::string_view name,
                 std::span<const Money> kinds) {
  for (std::size_t i = 0; i < report.tiers.size(); ++i) {
    for (const Money& kind : kinds) {
      std::uint64_t amount = 0;
      for (const policy::LedgerRow& row : report.ledger) {
        if (row.tier == i) amount += row.*kind.member;
      }
      out.sample(name, fmt::format("{},{}", tier_label(report.tiers[i]), kind.label),
                 in_currency(amount));
    }
  }
}

void write_economics(Exposition& out, const PolicyReport& report) {
  constexpr std::array<Money, 2> kValues{{{"outcome=\"served\"", &policy::LedgerRow::value_served},
                                          {"outcome=\"shed\"", &policy::LedgerRow::value_shed}}};
  constexpr std::array<Money, 2> kCosts{{{"kind=\"origin\"", &policy::LedgerRow::origin_cost},
                                         {"kind=\"storage\"", &policy::LedgerRow::storage_cost}}};
  out.family("selvedge_value_total", "counter",
             "What requests were worth, in the policy's currency.");
  write_money(out, report, "selvedge_value_total", kValues);
  out.family("selvedge_cost_total", "counter", "What serving cost, in the policy's currency.");
  write_money(out, report, "selvedge_cost_total", kCosts);
}

} // namespace

void write_policy(Exposition& out, const PolicyReport& report) {
  write_load(out, report);
  write_lanes(out, report);
  write_shed(out, report);
  write_tiers(out, report.tiers);
  write_identities(out, report);
  write_economics(out, report);
  out.one("selvedge_policy_info", "gauge", "The version of the policy in force.", 1,
          fmt::format("version=\"{}\"", label(report.version)));
}

} // namespace selvedge::server
