#include "explain_policy.hpp"

#include <selvedge/config/nearest.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>

namespace selvedge::server {

using cache::Action;
using nlohmann::json;
using overload::LoadLevel;
using policy::Aspect;
using proxy::PolicyExplanation;
using proxy::PolicyQuestion;

namespace {

struct Part {
  const char* name;
  std::string PolicyQuestion::*member;
};
constexpr std::array<Part, 5> kParts{{{"tier", &PolicyQuestion::tier},
                                      {"tenant", &PolicyQuestion::tenant},
                                      {"region", &PolicyQuestion::region},
                                      {"listener", &PolicyQuestion::listener},
                                      {"client", &PolicyQuestion::client}}};

bool is_address(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// "" or what is wrong with "name=value".
std::string read_part(std::string_view text, PolicyQuestion& to) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return fmt::format("not who asks, such as tier=free,tenant=acme: '{}'", text);
  }
  std::vector<std::string> names;
  for (const Part& part : kParts) {
    names.emplace_back(part.name);
    if (name != part.name) continue;
    to.*part.member = text.substr(equals + 1);
    return {};
  }
  return fmt::format("who asks has no '{}'{}", name, config::did_you_mean(name, names));
}

std::string_view text_of(policy::ContentClass content) {
  constexpr std::array<std::string_view, 4> kTexts{"critical", "core", "standard", "secondary"};
  return kTexts[static_cast<std::size_t>(content)];
}

// As a policy's file spells it.
std::string key_of(Aspect aspect) {
  std::string key(policy::text_of(aspect));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

json verdict_json(const policy::Verdict& verdict) {
  json result{{"rate_limit", nullptr},
              {"concurrency", nullptr},
              {"serve_stale", verdict.serve_stale.count()},
              {"origin", nullptr},
              {"hits_only", verdict.hits_only},
              {"transforms", verdict.transforms},
              {"redirect", nullptr},
              {"shed", nullptr}};
  if (verdict.rate_limit != nullptr) {
    const policy::RateLimitOptions& limit = verdict.rate_limit->rate_limit;
    result["rate_limit"] = {{"rate", limit.rate}, {"burst", limit.burst}};
  }
  if (verdict.concurrency != nullptr) result["concurrency"] = verdict.concurrency->concurrency;
  if (!verdict.origin.empty()) result["origin"] = verdict.origin;
  if (verdict.redirect != nullptr) {
    result["redirect"] = {{"to", verdict.redirect->to}, {"status", verdict.redirect->status}};
  }
  if (verdict.shed != nullptr) {
    result["shed"] = {{"status", verdict.shed->status},
                      {"retry_after", verdict.shed->retry_after.count()}};
  }
  return result;
}

json decided_by_json(const PolicyExplanation& policy) {
  json result = json::object();
  for (std::size_t i = 0; i < policy::kAspects; ++i) {
    const auto aspect = static_cast<Aspect>(i);
    const std::string_view rule = deciding_rule(policy, aspect);
    if (!rule.empty()) result[key_of(aspect)] = rule;
  }
  return result;
}

json rules_json(const std::vector<policy::RuleFinding>& findings) {
  json rules = json::array();
  for (const policy::RuleFinding& finding : findings) {
    json decides = json::array();
    for (const Aspect aspect : finding.decides) decides.push_back(key_of(aspect));
    rules.push_back({{"rule", finding.rule},
                     {"matches", finding.matches},
                     {"because", finding.because},
                     {"decides", decides}});
  }
  return rules;
}

} // namespace

std::variant<PolicyQuestion, std::string> read_asker(const std::vector<std::string>& descriptions) {
  PolicyQuestion asker;
  for (const std::string& description : descriptions) {
    std::string_view rest = description;
    for (bool is_last = false; !is_last;) {
      const std::size_t comma = rest.find(',');
      is_last = comma == std::string_view::npos;
      if (std::string wrong = read_part(rest.substr(0, comma), asker); !wrong.empty()) return wrong;
      if (!is_last) rest.remove_prefix(comma + 1);
    }
  }
  if (!is_address(asker.client)) return "not an address of a client: '" + asker.client + "'";
  return asker;
}

std::optional<LoadLevel> load_named(std::string_view name) {
  for (std::size_t i = 0; i < overload::kLoadLevels; ++i) {
    const auto level = static_cast<LoadLevel>(i);
    if (overload::text_of(level) == name) return level;
  }
  return std::nullopt;
}

std::string refusal_of(const PolicyQuestion& asker) {
  const policy::PolicySet& set = *asker.policing->set;
  if (!asker.tier.empty() && !set.tier_of(asker.tier)) {
    std::vector<std::string> names;
    for (const policy::TierOptions& tier : set.tiers()) names.push_back(tier.name);
    return fmt::format("there is no tier '{}'{}", asker.tier,
                       config::did_you_mean(asker.tier, names));
  }
  if (!asker.region.empty() && set.region_of({}, asker.region) == 0) {
    std::vector<std::string> names;
    for (const policy::RegionOptions& region : set.options().regions) names.push_back(region.name);
    return fmt::format("there is no region '{}'{}", asker.region,
                       config::did_you_mean(asker.region, names));
  }
  return {};
}

PolicyEffect effect_of(const proxy::Explanation& explanation) {
  if (!explanation.policy) return PolicyEffect::none;
  const PolicyExplanation& policy = *explanation.policy;
  if (policy.verdict.shed != nullptr) return PolicyEffect::shed;
  if (policy.verdict.redirect != nullptr) return PolicyEffect::redirected;
  const cache::CacheDecision& decision = explanation.decision;
  const bool asks_about = decision.action == Action::fetch || decision.action == Action::revalidate;
  const bool asks_origin =
      asks_about || decision.action == Action::fetch_alone || decision.action == Action::pass;
  return asks_origin && policy.stops_at_store() ? PolicyEffect::stopped : PolicyEffect::none;
}

std::string_view deciding_rule(const PolicyExplanation& policy, Aspect aspect) {
  const std::uint16_t rule = policy.verdict.decided_by[static_cast<std::size_t>(aspect)];
  if (rule == policy::Verdict::kNoRule) return {};
  return policy.policing->set->rule_name(rule);
}

json policy_json(const PolicyExplanation& policy) {
  const policy::PolicySet& set = *policy.policing->set;
  json result{{"version", set.options().version},
              {"tier", set.tiers()[policy.identity.tier].name},
              {"source", policy.is_tier_given ? "given" : text_of(policy.identity.source)},
              {"class", text_of(policy.content)},
              {"region", set.region_name(policy.region)},
              {"load", text_of(policy.load)},
              {"importance", text_of(overload::lane_of(policy.verdict.importance))},
              {"value", policy.value},
              {"currency", set.options().economics.currency},
              {"verdict", verdict_json(policy.verdict)},
              {"decided_by", decided_by_json(policy)},
              {"rules", rules_json(policy.rules)},
              {"ladder",
               {{"serves_stale", policy.serves_stale},
                {"hits_only", policy.hits_only},
                {"revalidates", policy.revalidates}}}};
  // Keyed anew whenever the program starts: it says only whether two tenants are one.
  if (policy.identity.tenant != 0) {
    result["tenant_hash"] = fmt::format("{:016x}", policy.identity.tenant);
  }
  return result;
}

} // namespace selvedge::server
