#include <selvedge/config/policy_cases.hpp>

#include "policy_kinds.hpp"
#include "units.hpp"

#include <selvedge/base/address_list.hpp>

#include <algorithm>
#include <cctype>

namespace selvedge::config {
namespace {

using policy::Aspect;
using policy::PolicySet;
using policy::Verdict;

const char* const kNone = "none";

std::string or_none(std::string_view text) {
  return text.empty() ? kNone : std::string(text);
}

template <typename E> std::string word_of(E value, const typename WordKind<E>::Words& words) {
  return WordKind<E>(words).yaml(value);
}

struct Url {
  std::string_view scheme;
  std::string_view authority;
  std::string target;
};

// Requires: kAbsoluteUrl holds.
Url parts_of(std::string_view url) {
  Url parts;
  parts.scheme = url.substr(0, url.find("://"));
  const std::string_view rest = url.substr(parts.scheme.size() + 3);
  parts.authority = rest.substr(0, rest.find_first_of("/?"));
  parts.target = rest.substr(parts.authority.size());
  if (parts.target.empty() || parts.target.front() == '?') parts.target.insert(0, "/");
  return parts;
}

// What a client is sent to.
std::string location_of(const policy::RedirectOptions& redirect, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(path.size());
  std::string location;
  for (std::string_view rest = redirect.to; !rest.empty();) {
    const bool is_path = rest.substr(0, 6) == "{path}";
    const bool is_query = rest.substr(0, 7) == "{query}";
    location.append(is_path ? path : is_query ? query : rest.substr(0, 1));
    rest.remove_prefix(is_path ? 6 : is_query ? 7 : 1);
  }
  return location;
}

// "rule.rate_limit" and "rate_limit" are of Aspect::rate_limit; nothing for what no rule decides.
std::optional<Aspect> aspect_of(std::string_view name) {
  if (name.substr(0, 5) == "rule.") name.remove_prefix(5);
  for (std::size_t i = 0; i < policy::kAspects; ++i) {
    const auto aspect = static_cast<Aspect>(i);
    std::string text(policy::text_of(aspect));
    std::replace(text.begin(), text.end(), '-', '_');
    if (text == name) return aspect;
  }
  return std::nullopt;
}

std::string rule_that_decides(const PolicySet& set, const Verdict& verdict, std::string_view name) {
  const std::optional<Aspect> aspect = aspect_of(name);
  if (!aspect) return {};
  const std::uint16_t rule = verdict.decided_by[static_cast<std::size_t>(*aspect)];
  return rule == Verdict::kNoRule ? std::string{} : std::string(set.rule_name(rule));
}

std::string text_of(const Verdict& verdict, Aspect aspect, std::string_view target) {
  switch (aspect) {
  case Aspect::priority:
    return word_of(verdict.importance, importance_words());
  case Aspect::rate_limit:
    return verdict.rate_limit ? rate_text(verdict.rate_limit->rate_limit.rate) : kNone;
  case Aspect::concurrency:
    return std::to_string(verdict.concurrency ? verdict.concurrency->concurrency : 0);
  case Aspect::serve_stale:
    return duration_text(verdict.serve_stale);
  case Aspect::origin:
    return or_none(verdict.origin);
  case Aspect::hits_only:
    return verdict.hits_only ? "true" : "false";
  case Aspect::transforms:
    return verdict.transforms ? "true" : "false";
  case Aspect::redirect:
    return verdict.redirect ? location_of(*verdict.redirect, target) : kNone;
  case Aspect::shed:
    return verdict.shed ? std::to_string(verdict.shed->status) : kNone;
  }
  return {};
}

} // namespace

// A case's request as a worker sees it.
struct PolicyTrial::Asked {
  explicit Asked(const CaseRequest& asked)
      : url(parts_of(asked.url)), server_name(asked.server_name) {
    if (server_name.empty() && url.scheme == "https") {
      server_name = host_of(url.authority);
    }
    head.method = http::method_of(asked.method);
    head.method_text = asked.method;
    head.scheme = url.scheme;
    head.authority = url.authority;
    head.target = url.target;
    for (const proxy::HeaderField& field : asked.headers) head.fields.add(field.name, field.value);
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  static std::string host_of(std::string_view authority) {
    std::string host(authority.substr(0, authority.rfind(':')));
    std::transform(host.begin(), host.end(), host.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return host;
  }

  Url url;
  std::string server_name;
  http::RequestHead head; // of texts in the case and in `url`
};

PolicyTrial::PolicyTrial(const Config& config)
    : trusted_proxies_(config.forwarding.trusted_proxies),
      policy_(std::make_shared<const PolicySet>(config.policy)), identifier_(policy_),
      tokens_(config.policy.identify.token_cache) {}

PolicyTrial::~PolicyTrial() = default;

policy::Identity PolicyTrial::identify(const Asked& asked, const PolicyCase& one) {
  const CaseRequest& request = one.request;
  const policy::ConnectionFacts facts{request.client, request.listener, asked.server_name,
                                      request.certificate_names};
  base::Instant now;
  now.wall = one.time;
  policy::Identity identity = identifier_.of_request(
      asked.head, request.client, identifier_.of_connection(facts), tokens_, now, counters_);
  if (!one.as.tier.empty()) identity.tier = policy_->tier_of(one.as.tier).value_or(0);
  if (!one.as.tenant.empty()) identity.tenant = policy::Identifier::tenant_hash(one.as.tenant);
  return identity;
}

std::uint16_t PolicyTrial::region_of(const Asked& asked, const PolicyCase& one) const {
  if (!one.as.region.empty()) return policy_->region_of({}, one.as.region);
  const std::string& name = policy_->options().region_header;
  const http::Field* field = name.empty() ? nullptr : asked.head.fields.find(name);
  const bool is_believed =
      field != nullptr && base::AddressList(trusted_proxies_).contains(one.request.client);
  return policy_->region_of(one.request.client, is_believed ? field->value : std::string_view{});
}

std::vector<PolicyMiss> PolicyTrial::misses(const PolicyCase& one) {
  if (!one.as.tier.empty() && !policy_->tier_of(one.as.tier)) {
    return {{one.place, "as.tier", one.as.tier, "no such tier", {}}};
  }
  if (!one.as.region.empty() && policy_->region_of({}, one.as.region) == 0) {
    return {{one.place, "as.region", one.as.region, "no such region", {}}};
  }
  const Asked asked(one.request);
  policy::RequestFacts facts;
  facts.request = &asked.head;
  facts.identity = identify(asked, one);
  facts.region = region_of(asked, one);
  facts.load = one.load;
  facts.time = one.time;
  policy::ContentFacts content{one.stored.type, {}};
  if (one.stored.size > 0) content.size = one.stored.size;
  facts.content = policy_->class_of(asked.head.path(), content);
  const Verdict verdict = policy_->verdict(facts);

  std::vector<PolicyMiss> misses;
  for (const Expectation& expected : one.expectations) {
    const std::string rule = rule_that_decides(*policy_, verdict, expected.aspect);
    const std::optional<Aspect> aspect = aspect_of(expected.aspect);
    std::string got;
    if (expected.aspect == "tier") got = policy_->tiers()[facts.identity.tier].name;
    if (expected.aspect == "region") got = or_none(policy_->region_name(facts.region));
    if (expected.aspect == "class") got = word_of(facts.content, class_words());
    if (expected.aspect.substr(0, 5) == "rule.") {
      got = or_none(rule);
    } else if (aspect) {
      got = text_of(verdict, *aspect, asked.url.target);
    }
    if (got == expected.value) continue;
    misses.push_back({expected.place, expected.aspect, expected.value, got, rule});
  }
  return misses;
}

} // namespace selvedge::config
