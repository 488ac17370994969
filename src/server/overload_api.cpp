#include "overload_api.hpp"

#include "admin_query.hpp"

#include <charconv>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace selvedge::server {

using nlohmann::json;
using overload::Lane;

namespace {

// RFC 3339, 5.6.
std::string date_time(std::chrono::sys_seconds at) {
  const std::time_t time = at.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", parts);
}

json lanes_json(const LaneReports& lanes) {
  json result = json::object();
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const LaneReport& lane = lanes[i];
    result[std::string(text_of(static_cast<Lane>(i)))] = {
        {"waiting", lane.waiting},
        {"turns", lane.turns},
        {"spent_seconds", lane.spent_s},
        {"delay_seconds_mean", lane.mean_delay_s()}};
  }
  return result;
}

json worker_json(const WorkerReport& worker) {
  return {{"worker", worker.worker},
          {"level", text_of(worker.level)},
          {"admitted_level", worker.admitted_level},
          {"busy", worker.busy},
          {"busy_seconds", worker.busy_s},
          {"strangers_wait", worker.strangers_wait},
          {"lanes", lanes_json(worker.lanes)}};
}

json shed_json(const ShedCounts& shed) {
  json result = json::object();
  for (std::size_t i = 0; i < shed.size(); ++i) {
    result[std::string(text_of(static_cast<proxy::ShedReason>(i)))] = shed[i];
  }
  return result;
}

// null where there is none.
json objective_json(const policy::TierOptions& tier) {
  json result{{"p99_seconds", nullptr}, {"availability", nullptr}};
  const std::chrono::duration<double> p99 = tier.objective_p99;
  if (p99.count() > 0) result["p99_seconds"] = p99.count();
  if (tier.objective_availability > 0) result["availability"] = tier.objective_availability;
  return result;
}

json tier_json(const TierReport& tier) {
  const std::chrono::duration<double> wanted = tier.options.objective_p99;
  const bool keeps_p99 = wanted.count() <= 0 || tier.p99_s() <= wanted.count();
  const bool is_available = tier.availability() >= tier.options.objective_availability;
  return {{"priority", text_of(overload::lane_of(tier.options.priority))},
          {"served", tier.served},
          {"failed", tier.failed},
          {"shed", shed_json(tier.shed)},
          {"content_bytes", tier.content_bytes},
          {"p99_seconds", tier.p99_s()},
          {"availability", tier.availability()},
          {"objective", objective_json(tier.options)},
          {"meets_objective", keeps_p99 && is_available}};
}

// --- economics

void add(policy::LedgerRow& to, const policy::LedgerRow& row) {
  to.served += row.served;
  to.shed += row.shed;
  to.sent_bytes += row.sent_bytes;
  to.saved_bytes += row.saved_bytes;
  to.origin_bytes += row.origin_bytes;
  to.stored_bytes += row.stored_bytes;
  to.value_served += row.value_served;
  to.value_shed += row.value_shed;
  to.origin_cost += row.origin_cost;
  to.storage_cost += row.storage_cost;
}

json amounts_json(const policy::LedgerRow& row) {
  return {{"served", row.served},
          {"shed", row.shed},
          {"value_served", in_currency(row.value_served)},
          {"value_shed", in_currency(row.value_shed)},
          {"origin_cost", in_currency(row.origin_cost)},
          {"storage_cost", in_currency(row.storage_cost)},
          {"sent_bytes", row.sent_bytes},
          {"saved_bytes", row.saved_bytes},
          {"origin_bytes", row.origin_bytes},
          {"stored_bytes", row.stored_bytes}};
}

} // namespace

AdminAnswer overload_answer(const PolicyReport& report) {
  json workers = json::array();
  for (const WorkerReport& worker : report.workers) workers.push_back(worker_json(worker));
  json tiers = json::object();
  for (const TierReport& tier : report.tiers) tiers[tier.options.name] = tier_json(tier);
  json limit; // null: none
  if (report.memory_limit != 0) limit = report.memory_limit;
  return as_json(
      {{"policy_version", report.version},
       {"level", text_of(report.level())},
       {"levels", overload::kLevels},
       {"workers", workers},
       {"tiers", tiers},
       {"tenant_limits",
        {{"uncounted", report.limits.uncounted}, {"forgotten", report.limits.forgotten}}},
       {"resident_bytes", report.resident_bytes},
       {"memory_limit", limit}});
}

AdminAnswer economics_answer(const PolicyReport& report) {
  std::vector<policy::LedgerRow> of_tiers(report.tiers.size());
  policy::LedgerRow all;
  json rows = json::array();
  for (const policy::LedgerRow& row : report.ledger) {
    add(of_tiers[row.tier], row);
    add(all, row);
    json one = amounts_json(row);
    one["tier"] = report.tiers[row.tier].options.name;
    one["bundle"] = row.bundle;
    rows.push_back(std::move(one));
  }
  json tiers = json::array();
  for (std::size_t i = 0; i < of_tiers.size(); ++i) {
    json one = amounts_json(of_tiers[i]);
    one["tier"] = report.tiers[i].options.name;
    one["value_per_1000"] = report.tiers[i].options.value;
    tiers.push_back(std::move(one));
  }
  return as_json({{"currency", report.currency},
                  {"tiers", tiers},
                  {"rows", rows},
                  {"totals", amounts_json(all)}});
}

std::optional<std::uint64_t> read_events_after(std::string_view query) {
  const AdminQuery parameters(query);
  for (const std::string& name : parameters.names()) {
    if (name != "after") return std::nullopt;
  }
  const std::string text = parameters.value("after").value_or("0");
  std::uint64_t after = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, after);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return after;
}

AdminAnswer events_answer(const std::vector<overload::Event>& events) {
  json list = json::array();
  for (const overload::Event& event : events) {
    list.push_back({{"number", event.number},
                    {"time", date_time(event.time)},
                    {"worker", event.worker},
                    {"knob", event.knob},
                    {"from", event.from},
                    {"to", event.to},
                    {"why", event.why}});
  }
  return as_json({{"events", list}});
}

AdminAnswer events_answer(const overload::EventLog& events, std::string_view query) {
  const auto after = read_events_after(query);
  if (!after) return problem(400, "the one parameter is 'after', the number of an event");
  return events_answer(events.since(*after));
}

} // namespace selvedge::server
