#include "explain_policy.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <string_view>

namespace selvedge::cli {

using nlohmann::json;

namespace {

constexpr std::size_t kColumn = 11;

std::string text(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

// The first of a block has its name in front.
class Rows {
public:
  explicit Rows(std::string_view name) : name_(name) {}
  void add(const std::string& value) {
    std::cout << fmt::format("{:<{}}{}\n", name_, kColumn, value);
    name_ = {};
  }

private:
  std::string_view name_;
};

std::string source_of(const json& policy) {
  const std::string source = text(policy, "source");
  if (source == "given") return "as asked";
  if (source == "none") return "since nothing else is known";
  return "by its " + source;
}

void print_asker(const json& policy) {
  Rows rows("asked by");
  std::string who = fmt::format("{} ({})", text(policy, "tier"), source_of(policy));
  if (policy.contains("tenant_hash")) who += ", tenant " + text(policy, "tenant_hash");
  if (const std::string region = text(policy, "region"); !region.empty()) {
    who += ", region " + region;
  }
  rows.add(who);
  rows.add(fmt::format("for {} content at {} load: importance {}, worth {} {}",
                       text(policy, "class"), text(policy, "load"), text(policy, "importance"),
                       policy.at("value").get<double>(), text(policy, "currency")));
}

std::string rate_text(const json& limit) {
  const auto burst = limit.at("burst").get<std::uint64_t>();
  const std::string rate = fmt::format("{}/s", limit.at("rate").get<double>());
  return burst == 0 ? rate : fmt::format("{}, {} at once", rate, burst);
}

// What the verdict says of an aspect, in the words of a policy's file.
std::string verdict_text(const json& policy, const std::string& aspect) {
  if (aspect == "priority") return text(policy, "importance");
  const json& said = policy.at("verdict").at(aspect);
  if (aspect == "rate_limit") return rate_text(said);
  if (aspect == "serve_stale") return fmt::format("{} s", said.get<long long>());
  if (aspect == "redirect") {
    return fmt::format("{} to {}", said.at("status").get<int>(), text(said, "to"));
  }
  if (aspect == "shed") {
    return fmt::format("{}, again after {} s", said.at("status").get<int>(),
                       said.at("retry_after").get<long long>());
  }
  return said.is_string() ? said.get<std::string>() : said.dump();
}

void print_ladder(const json& policy, Rows& rows) {
  const json& ladder = policy.at("ladder");
  if (ladder.at("serves_stale").get<bool>()) rows.add("stale responses are served, by the load");
  const bool is_ruled = policy.at("decided_by").contains("hits_only");
  if (ladder.at("hits_only").get<bool>() && !is_ruled) rows.add("hits_only true, by the load");
  if (!ladder.at("revalidates").get<bool>()) {
    rows.add("nothing is revalidated in the background, by the load");
  }
}

void print_verdict(const json& policy) {
  Rows rows("verdict");
  const json& decided_by = policy.at("decided_by");
  for (const auto& [aspect, rule] : decided_by.items()) {
    rows.add(fmt::format("{} {} (rule \"{}\")", aspect, verdict_text(policy, aspect),
                         rule.get<std::string>()));
  }
  if (decided_by.empty()) rows.add("no rule says anything: it is served as its tier has it");
  print_ladder(policy, rows);
}

std::string finding_text(const json& finding) {
  if (!finding.at("matches").get<bool>()) return "not for it: " + text(finding, "because");
  std::string aspects;
  for (const json& aspect : finding.at("decides")) {
    aspects += (aspects.empty() ? "" : ", ") + aspect.get<std::string>();
  }
  return aspects.empty() ? "matches, but rules before it have decided" : "decides " + aspects;
}

void print_rules(const json& rules) {
  if (rules.empty()) return;
  std::size_t width = 0;
  for (const json& finding : rules) width = std::max(width, text(finding, "rule").size());
  Rows rows("rules");
  for (const json& finding : rules) {
    rows.add(fmt::format("{:<{}}  {}", text(finding, "rule"), width, finding_text(finding)));
  }
}

} // namespace

std::string policy_consequence(const json& answer) {
  const std::string would_be = text(answer.at("decision"), "would_be");
  const json& verdict = answer.at("policy").at("verdict");
  if (const json& shed = verdict.at("shed"); !shed.is_null()) {
    return fmt::format("The client is answered {}, and may come back after {} s or a little later.",
                       shed.at("status").get<int>(), shed.at("retry_after").get<long long>());
  }
  if (const json& redirect = verdict.at("redirect"); !redirect.is_null()) {
    return fmt::format("The client is answered {} and sent to {}.",
                       redirect.at("status").get<int>(), text(redirect, "to"));
  }
  if (would_be == "shed") return "The client is answered 503, since nothing usable is stored.";
  return {};
}

void print_policy(const json& policy) {
  print_asker(policy);
  print_verdict(policy);
  print_rules(policy.at("rules"));
}

} // namespace selvedge::cli
