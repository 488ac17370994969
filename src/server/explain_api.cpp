#include "explain_api.hpp"

#include "admin_query.hpp"
#include "policy_report.hpp"

#include <selvedge/codec/request_check.hpp>
#include <selvedge/config/nearest.hpp>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace selvedge::server {

using cache::Action;
using http::CacheOutcome;
using http::FieldName;
using http::Method;
using nlohmann::json;

namespace {

constexpr std::string_view kOtherVariants = "other variants";
constexpr std::string_view kPartsOnly = "parts only";

constexpr std::array<Rule, 21> kRules{{
    {"fresh", "a stored response is fresh: the origin need not be asked", "RFC 9111, 4.2"},
    {"stale", "the stored response is stale, and nothing allows using it without the origin's word",
     "RFC 9111, 4.2.4"},
    {"no-cache", "the stored response says no-cache: the origin must confirm it before each use",
     "RFC 9111, 5.2.2.4"},
    {"stale-while-revalidate",
     "the stored response is stale, and may be used while the origin is asked in the background",
     "RFC 5861, 3"},
    {"policy serve_stale",
     "the stored response is stale, and the policy lets it be used for so long while the origin is "
     "asked in the background",
     "the policy's `serve_stale` and `stale_window`"},
    {"stale-if-error",
     "the stored response is stale, and the origin failed a moment ago: it may be used instead",
     "RFC 5861, 4"},
    {"nothing stored", "nothing is stored under this key", "RFC 9111, 4"},
    {kOtherVariants,
     "what is stored under this key was made for other requests: Vary or No-Vary-Search tells",
     "RFC 9111, 4.1"},
    {kPartsOnly, "only parts are stored, and none of them holds all that the request wants",
     "RFC 9111, 3.3"},
    {"known not to be stored",
     "a pass marker says that answers under this key were not for storing a moment ago",
     "RFC 9111, 3"},
    {"pass marker expired", "answers under this key were not stored lately; the next one may be",
     "RFC 9111, 3"},
    {"request no-cache", "the request says no-cache: the origin must confirm what is stored",
     "RFC 9111, 5.2.1.4"},
    {"request max-age", "the stored response is older than the request's max-age allows",
     "RFC 9111, 5.2.1.1"},
    {"request max-stale", "the stored response is stale, and within the request's max-stale",
     "RFC 9111, 5.2.1.2"},
    {"request min-fresh", "the stored response will be stale sooner than the request's min-fresh",
     "RFC 9111, 5.2.1.3"},
    {"request no-store", "the request says no-store: its answer is not stored",
     "RFC 9111, 5.2.1.5"},
    {"request pragma", "the request says Pragma: no-cache, and has no Cache-Control",
     "RFC 9111, 5.4"},
    {"only-if-cached", "the request says only-if-cached, and nothing stored may answer it",
     "RFC 9111, 5.2.1.7"},
    {"method", "only GET and HEAD are answered from the cache", "RFC 9110, 9.2.3"},
    {"request content", "the request has content, which its key does not tell apart",
     "RFC 9110, 9.3.1"},
    {"caching is off", "the route does not cache", "the route's setting `cache`"},
}};

// Fields that a request head does not keep among the others, or that frame content.
bool is_reserved(std::string_view name) {
  const FieldName id = http::field_name_of(name);
  return id == FieldName::host || id == FieldName::content_length ||
         id == FieldName::transfer_encoding;
}

struct NameValue {
  std::string_view name;
  std::string_view value;
};

std::optional<NameValue> split_header(std::string_view header) {
  const std::size_t colon = header.find(':');
  if (colon == std::string_view::npos) return {};
  const NameValue split{header.substr(0, colon), http::trim(header.substr(colon + 1))};
  if (!http::is_token(split.name) || !http::is_field_value(split.value)) return {};
  return split;
}

// "" or what is wrong.
std::string refusal_of(const ExplainQuestion& question) {
  if (question.url.empty()) return "the parameter url is missing";
  if (!codec::parse_absolute_target(question.url)) {
    return "url is not an absolute http or https URL: " + question.url;
  }
  if (!http::is_token(question.method)) return "not a method: '" + question.method + "'";
  const Method method = http::method_of(question.method);
  if (method == Method::connect || method == Method::trace || method == Method::purge) {
    return "the cache is not asked about " + question.method + " requests";
  }
  for (const std::string& header : question.headers) {
    const auto split = split_header(header);
    if (!split) return "not a header such as 'Accept: text/html': '" + header + "'";
    if (is_reserved(split->name)) {
      return fmt::format("{} is not for a header: the URL says the host, and there is no content",
                         split->name);
    }
  }
  return {};
}

json freshness_json(const cache::Freshness& freshness, base::Seconds age) {
  return {{"lifetime", freshness.lifetime.count()},
          {"lifetime_from", freshness.source},
          {"control_field", freshness.control_field},
          {"initial_age", freshness.initial_age.count()},
          {"resident_time", (age - freshness.initial_age).count()},
          {"stale_while_revalidate", freshness.stale_while_revalidate.count()},
          {"stale_if_error", freshness.stale_if_error.count()},
          {"must_revalidate", freshness.must_revalidate},
          {"no_cache", freshness.no_cache},
          {"immutable", freshness.immutable}};
}

std::string_view text_of(cache::Standing standing) {
  switch (standing) {
  case cache::Standing::valid:
    return "valid";
  case cache::Standing::soft_purged:
    return "soft-purged";
  case cache::Standing::purged:
    return "purged";
  }
  return "";
}

json variant_json(const proxy::ExplainedVariant& variant) {
  const cache::StoredResponse& stored = *variant.response;
  return {{"selected", variant.is_selected},
          {"used", variant.is_used},
          {"pass_marker", stored.is_pass_marker()},
          {"refused", stored.is_pass_marker() ? stored.freshness().source : std::string_view()},
          {"status", stored.status()},
          {"standing", text_of(variant.standing)},
          {"age", variant.age.count()},
          {"ttl", variant.ttl.count()},
          {"freshness", freshness_json(stored.freshness(), variant.age)},
          {"vary", stored.vary()},
          {"coding", text_of(static_cast<coding::ContentCoding>(stored.coding()))},
          {"etag", stored.etag()},
          {"last_modified", stored.last_modified()},
          {"content_range", stored.is_partial() ? text_of(*stored.content_range()) : ""},
          {"held_bytes", stored.held_bytes()},
          {"tags", stored.purge_state().tags.size()}};
}

// Of what the policy does itself.
Rule policy_rule(PolicyEffect effect, const proxy::PolicyExplanation& policy) {
  using policy::Aspect;
  if (effect == PolicyEffect::shed) {
    return {"shed", "a rule of the policy turns it away", deciding_rule(policy, Aspect::shed)};
  }
  if (effect == PolicyEffect::redirected) {
    return {"redirect", "a rule of the policy sends the client elsewhere",
            deciding_rule(policy, Aspect::redirect)};
  }
  const std::string_view rule = deciding_rule(policy, Aspect::hits_only);
  return {"hits only", "no origin is asked for it now: it has what is stored, or nothing",
          rule.empty() ? "the load, without any rule" : rule};
}

json decision_json(const proxy::Explanation& explanation, Method method) {
  const cache::CacheDecision& decision = explanation.decision;
  const Rule rule = rule_of(explanation);
  return {{"action", text_of(decision.action)},
          {"reason", decision.reason},
          {"meaning", rule.meaning},
          {"rule", rule.source},
          {"would_be", http::text_of(outcome_of(explanation, method))},
          {"age", decision.age.count()},
          {"ttl", decision.ttl.count()},
          {"may_serve_on_error", decision.may_serve_on_error}};
}

} // namespace

std::variant<ExplainQuestion, std::string> read_explain_question(std::string_view query) {
  const AdminQuery parameters(query);
  const std::vector<std::string> known{"url", "method", "header", "as", "load"};
  for (const std::string& name : parameters.names()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return "unknown parameter '" + name + "'" + config::did_you_mean(name, known);
    }
  }
  ExplainQuestion question;
  question.url = parameters.value("url").value_or("");
  question.method = parameters.value("method").value_or(question.method);
  question.headers = parameters.values("header");
  if (std::string wrong = refusal_of(question); !wrong.empty()) return wrong;
  auto asker = read_asker(parameters.values("as"));
  if (auto* wrong = std::get_if<std::string>(&asker)) return std::move(*wrong);
  question.asker = std::move(std::get<proxy::PolicyQuestion>(asker));
  if (const auto load = parameters.value("load")) {
    question.load = load_named(*load);
    if (!question.load) {
      return "load is calm, elevated, high or critical, and not '" + *load + "'";
    }
  }
  return question;
}

http::RequestHead request_of(const ExplainQuestion& question) {
  http::RequestHead request;
  const auto parts = codec::parse_absolute_target(question.url);
  request.method = http::method_of(question.method);
  request.method_text = question.method;
  request.scheme = parts->scheme;
  request.authority = parts->authority;
  request.target = parts->target;
  for (const std::string& header : question.headers) {
    const auto split = split_header(header);
    request.fields.add(split->name, split->value);
  }
  return request;
}

Rule rule_of(const proxy::Explanation& explanation) {
  if (const PolicyEffect effect = effect_of(explanation); effect != PolicyEffect::none) {
    return policy_rule(effect, *explanation.policy);
  }
  std::string_view reason = explanation.decision.reason;
  if (reason == "nothing stored" && !explanation.variants.empty()) {
    const bool is_any_selected =
        std::any_of(explanation.variants.begin(), explanation.variants.end(),
                    [](const proxy::ExplainedVariant& one) { return one.is_selected; });
    reason = is_any_selected ? kPartsOnly : kOtherVariants;
  }
  const auto* found = std::find_if(kRules.begin(), kRules.end(),
                                   [&](const Rule& rule) { return rule.reason == reason; });
  return found != kRules.end() ? *found : Rule{};
}

CacheOutcome outcome_of(const proxy::Explanation& explanation, Method method) {
  const cache::CacheDecision& decision = explanation.decision;
  const bool asks_about = decision.action == Action::revalidate || decision.action == Action::fetch;
  switch (effect_of(explanation)) {
  case PolicyEffect::none:
    break;
  case PolicyEffect::shed:
    return CacheOutcome::shed;
  case PolicyEffect::redirected:
    return CacheOutcome::synthetic;
  case PolicyEffect::stopped:
    return asks_about && decision.may_serve_on_error ? CacheOutcome::stale : CacheOutcome::shed;
  }
  switch (decision.action) {
  case Action::serve:
    return decision.ttl > base::Seconds{0} ? CacheOutcome::hit : CacheOutcome::stale;
  case Action::serve_stale_and_revalidate:
    return CacheOutcome::stale;
  case Action::fetch_alone:
  case Action::pass:
    return CacheOutcome::pass;
  case Action::answer_504:
    return CacheOutcome::synthetic;
  case Action::revalidate:
  case Action::fetch:
    // The answer to HEAD has no content to keep: it is for one client.
    if (method == Method::head) return CacheOutcome::pass;
    if (explanation.is_being_filled) return CacheOutcome::collapsed;
    return decision.action == Action::fetch ? CacheOutcome::miss : CacheOutcome::revalidated;
  }
  return CacheOutcome::none;
}

AdminAnswer explain(Node& node, std::string_view query) {
  const auto read = read_explain_question(query);
  if (const auto* wrong = std::get_if<std::string>(&read)) return problem(400, *wrong);
  const auto& question = std::get<ExplainQuestion>(read);
  const http::RequestHead request = request_of(question);
  proxy::PolicyQuestion asker = question.asker;
  asker.policing = node.policing();
  asker.load = question.load.value_or(load_level(node));
  if (std::string wrong = refusal_of(asker); !wrong.empty()) return problem(400, wrong);
  const proxy::Explanation explanation = node.explain(request, asker);
  if (!explanation.is_routed) {
    return problem(404, "no site or route has that URL: clients are answered 404");
  }
  const base::Fingerprint print = base::fingerprint(explanation.key);
  json variants = json::array();
  for (const auto& one : explanation.variants) variants.push_back(variant_json(one));
  return as_json(
      {{"request",
        {{"method", question.method}, {"url", question.url}, {"headers", question.headers}}},
       {"route", explanation.route},
       {"denied", explanation.denied},
       {"origin", explanation.origin},
       {"target", explanation.target},
       {"key", explanation.key},
       {"fingerprint", fmt::format("{:016x}{:016x}", print.high, print.low)},
       {"decision", decision_json(explanation, request.method)},
       {"variants", variants},
       {"being_filled", explanation.is_being_filled},
       {"policy", policy_json(*explanation.policy)}});
}

} // namespace selvedge::server
