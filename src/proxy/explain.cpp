// The same steps as Exchange::start(), look_up() and judge(), on values. Store::find() would mark
// what it finds as used, so the variants are listed and chosen from here.
#include <selvedge/proxy/explain.hpp>

#include "access_rules.hpp"
#include "answer_form.hpp"
#include "compression.hpp"
#include "degradation.hpp"
#include "forwarded.hpp"
#include "normalize.hpp"

#include <algorithm>
#include <cctype>

namespace selvedge::proxy {

namespace {

using cache::Action;
using http::FieldName;
using http::Method;

// Of one request: what each step of the explanation needs.
struct Question {
  const http::RequestHead& request; // in the form that the route gives it
  const Route& route;
  cache::Store& store;
  base::Instant now;
};

bool is_retrieval(Method method) {
  return method == Method::get || method == Method::head;
}

// Most recent first, as the store prefers them (RFC 9111, 4.1).
void add_variants(Explanation& to, const cache::CacheKey& key, const Question& question) {
  const std::vector<cache::StoredResponsePtr> oldest_first = question.store.variants(key);
  for (auto one = oldest_first.rbegin(); one != oldest_first.rend(); ++one) {
    ExplainedVariant variant;
    variant.response = *one;
    variant.standing = question.store.purges().standing((*one)->purge_state());
    variant.is_selected = cache::selects(**one, question.request);
    variant.age = (*one)->freshness().age(question.now.steady);
    variant.ttl = (*one)->freshness().lifetime - variant.age;
    to.variants.push_back(std::move(variant));
  }
}

// What Store::find() gives: those under the request's own key come before those under the key
// without query.
ExplainedVariant* found(std::vector<ExplainedVariant>& variants, const cache::TakenCodings& taken) {
  std::vector<const cache::StoredResponse*> all;
  for (const ExplainedVariant& one : variants) {
    const bool may_be_it = one.is_selected && !one.response->is_partial();
    if (may_be_it && taken.rank_of(*one.response) > 0) all.push_back(one.response.get());
  }
  const cache::StoredResponse* const best = cache::best_variant(all, taken);
  const auto one = std::ranges::find(
      variants, best, [](const ExplainedVariant& variant) { return variant.response.get(); });
  return one == variants.end() ? nullptr : &*one;
}

cache::CacheDecision decide(const Question& question, const ExplainedVariant* about,
                            base::Seconds stale_for = {}) {
  const cache::StoredResponse* stored = about != nullptr ? about->response.get() : nullptr;
  const cache::Standing standing = about != nullptr ? about->standing : cache::Standing::valid;
  return cache::decide(question.request, stored, question.now, question.route.policy, standing,
                       stale_for);
}

// RFC 9111, 3.3: a part that is stored answers a request for a part of it, where nothing complete
// does. Only the request's own key has parts.
void try_parts(Explanation& to, const Question& question) {
  const Action without = to.decision.action;
  const bool asks_origin = without == Action::revalidate || without == Action::fetch;
  if (!asks_origin && without != Action::answer_504) return;
  const http::RequestHead& request = question.request;
  if (request.method != Method::get || request.fields.find(FieldName::range) == nullptr) return;
  for (ExplainedVariant& part : to.variants) {
    if (!part.is_selected || !part.response->is_partial() || part.response->key() != to.key) {
      continue;
    }
    if (!range_within(request, *part.response, question.now.wall)) continue;
    const cache::CacheDecision decision = decide(question, &part);
    if (decision.action != Action::serve) continue;
    for (ExplainedVariant& other : to.variants) other.is_used = false;
    part.is_used = true;
    to.decision = decision;
    return;
  }
}

// As Exchange::is_admitted(): the token is gone from the target then.
std::string denial(http::RequestHead& request, const AccessRules& access, std::string_view address,
                   base::Instant now, base::Arena& arena) {
  std::string why;
  if (!access.admits(address)) why = "address";
  if (!access.wants_token()) return why;
  const TokenVerdict verdict = access.take_token(request, address, now.wall, arena);
  if (why.empty() && verdict != TokenVerdict::good) why = "token " + std::string(text_of(verdict));
  return why;
}

// --- the policy

// RFC 6066, 3: the name that a client would ask for in its TLS handshake.
std::string server_name_of(const http::RequestHead& request) {
  if (request.scheme != "https") return {};
  std::string name(request.authority.substr(0, request.authority.rfind(':')));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

policy::Identity identity_of(const http::RequestHead& request, const PolicyQuestion& asker,
                             base::Instant now) {
  const policy::Identifier& identifier = *asker.policing->identifier;
  const std::string server_name = server_name_of(request);
  const policy::ConnectionFacts facts{asker.client, asker.listener, server_name, {}};
  // Of their own: the workers' ones are counted, and this is nobody's request.
  policy::TokenCache tokens(1);
  policy::IdentityCounters counters;
  policy::Identity identity = identifier.of_request(
      request, asker.client, identifier.of_connection(facts), tokens, now, counters);
  if (const auto tier = asker.policing->set->tier_of(asker.tier)) identity.tier = *tier;
  if (!asker.tenant.empty()) identity.tenant = policy::Identifier::tenant_hash(asker.tenant);
  return identity;
}

std::uint16_t region_of(const http::RequestHead& request, const PolicyQuestion& asker,
                        const Forwarding& forwarding) {
  const policy::PolicySet& set = *asker.policing->set;
  if (!asker.region.empty()) return set.region_of({}, asker.region);
  const std::string& name = set.options().region_header;
  const http::Field* field = name.empty() ? nullptr : request.fields.find(name);
  const bool is_believed = field != nullptr && forwarding.trusts(asker.client);
  return set.region_of(asker.client, is_believed ? field->value : std::string_view{});
}

policy::ContentClass class_of(const http::RequestHead& request, const ExplainedVariant* stored,
                              const policy::PolicySet& set) {
  policy::ContentFacts content;
  if (stored != nullptr && !stored->response->is_pass_marker()) {
    content.type = stored->response->head().value(FieldName::content_type);
    content.size = stored->response->body().length();
  }
  return set.class_of(request.path(), content);
}

// Requires: there is a policy.
PolicyExplanation explain_policy(const Question& question, const PolicyQuestion& asker,
                                 const policy::Identity& identity, std::uint16_t region,
                                 const ExplainedVariant* stored) {
  const policy::PolicySet& set = *asker.policing->set;
  policy::RequestFacts facts;
  facts.request = &question.request;
  facts.identity = identity;
  facts.content = class_of(question.request, stored, set);
  facts.region = region;
  facts.load = asker.load;
  facts.time = question.now.wall;
  PolicyExplanation result;
  result.policing = asker.policing;
  result.identity = identity;
  result.is_tier_given = !asker.tier.empty();
  result.content = facts.content;
  result.region = region;
  result.load = asker.load;
  result.verdict = set.verdict(facts);
  result.rules = set.explain(facts);
  result.value = set.value_of(identity.tier, region);
  const bool has_ladder = set.options().overload.enabled;
  const Degradation ladder =
      degradation(has_ladder ? asker.load : overload::LoadLevel::calm, result.verdict.importance);
  result.serves_stale = ladder.serves_stale;
  result.hits_only = ladder.hits_only;
  result.revalidates = ladder.revalidates;
  return result;
}

} // namespace

base::Seconds PolicyExplanation::stale_for() const {
  const base::Seconds window = policing->set->options().overload.stale_window;
  return std::max(verdict.serve_stale, serves_stale ? window : base::Seconds{0});
}

bool PolicyExplanation::stops_at_store() const {
  const auto rule = verdict.decided_by[static_cast<std::size_t>(policy::Aspect::hits_only)];
  return verdict.hits_only || (hits_only && rule == policy::Verdict::kNoRule);
}

Explanation explain(const http::RequestHead& request, const Routing& routing, cache::Store& store,
                    const cache::FillTable& fills, base::Instant now, const PolicyQuestion& asker) {
  Explanation result;
  base::Arena arena;
  http::RequestHead normal = request;
  normal.target = cache::normal_path(normal.target, arena);
  normal.authority = normal_authority(normal.authority, normal.scheme, arena);
  const Route* route = routing.find(normal.authority, normal.path());
  if (route == nullptr) return result;
  if (route->access) {
    const std::string_view address =
        client_address(normal.fields, asker.client, routing.forwarding());
    result.denied = denial(normal, *route->access, address, now, arena);
  }
  normalize(normal, *route, arena);
  const bool may_use_store = route->policy.enabled && is_retrieval(normal.method);
  cache::TakenCodings taken;
  if (route->compression && may_use_store) taken = route->compression->take_codings(normal, arena);
  const cache::CacheKey key = cache::make_cache_key(normal, route->key, arena);
  result.is_routed = true;
  result.route = route->name;
  result.origin = route->origin_name;
  result.target = normal.target;
  result.key = key.text;
  result.is_being_filled = fills.contains(key.print);

  const Question question{normal, *route, store, now};
  add_variants(result, key, question);
  if (store.has_query_free()) {
    add_variants(result, cache::query_free_key(key, arena), question);
  }
  ExplainedVariant* const stored = may_use_store ? found(result.variants, taken) : nullptr;
  if (stored != nullptr) stored->is_used = true;
  if (asker.policing) {
    // Who asks, the request says as it came.
    const policy::Identity identity = identity_of(request, asker, now);
    const std::uint16_t region = region_of(request, asker, routing.forwarding());
    result.policy = explain_policy(question, asker, identity, region, stored);
    const std::string other(result.policy->verdict.origin);
    if (routing.origins().by_name.contains(other)) result.origin = other;
  }
  result.decision =
      decide(question, stored, result.policy ? result.policy->stale_for() : base::Seconds{0});
  if (may_use_store) try_parts(result, question);
  return result;
}

} // namespace selvedge::proxy
