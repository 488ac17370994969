#include "policy_sections.hpp"

namespace selvedge::config {
namespace {

using namespace policy;

std::vector<TierOptions> example_tiers() {
  TierOptions premium;
  premium.name = "premium";
  premium.priority = overload::Importance::premium;
  premium.reserved_cpu = 0.3;
  premium.value = 4;
  premium.values = {{"eu", 5}};
  TierOptions free;
  free.name = "free";
  free.priority = overload::Importance::free;
  return {premium, free};
}

IdentifyOptions example_identities() {
  IdentifyOptions identify;
  JwtOptions token;
  token.name = "login";
  token.jwks_file = "keys.json";
  token.tiers = {{"gold", "premium"}};
  identify.jwt = {token};
  // The SHA-256 of nothing: no key is empty.
  identify.api_keys = {
      {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "premium", "acme"}};
  identify.header.tier_header = "x-tier";
  identify.header.from = {"127.0.0.1"};
  identify.header.tiers = {{"gold", "premium"}};
  identify.certificates = {{"client.example.com", "premium", ""}};
  identify.networks = {{"10.1.0.0/16", "premium", ""}};
  identify.server_names = {{"pro.example.com", "premium"}};
  identify.listeners = {{"public", "free"}};
  return identify;
}

std::vector<RuleOptions> example_rules() {
  RuleOptions limit;
  limit.name = "free is limited";
  limit.when.tiers = {"free"};
  limit.when.times = {{"mon-fri", "08:00", "18:00"}};
  limit.when.headers = {{"user-agent", "*bot*"}};
  limit.then.priority = "background";
  limit.then.rate_limit.rate = 10;
  limit.then.serve_stale = std::chrono::hours{1};
  limit.then.hits_only = Choice::yes;
  limit.then.transforms = Choice::no;
  limit.then.redirect.to = "https://slow.example.com{path}{query}";
  RuleOptions shed;
  shed.name = "free is shed at last";
  shed.when.tiers = {"free"};
  shed.when.load = overload::LoadLevel::critical;
  shed.then.shed.status = 503;
  return {limit, shed};
}

} // namespace

PolicyOptions example_policy() {
  PolicyOptions options;
  options.tiers = example_tiers();
  options.identify = example_identities();
  options.regions = {{"eu", {"192.0.2.0/24"}}};
  ContentClassOptions code;
  code.name = "code";
  code.is = ContentClass::core;
  code.types = {"text/javascript", "text/css"};
  options.classes = {code};
  options.rules = example_rules();
  options.economics.storage = {{"memory", 0, 2}};
  return options;
}

} // namespace selvedge::config
