// The same steps as Exchange::start() and look_up(), on values. Store::find() would mark what it
// finds as used, so the variants are listed and chosen from here.
#include <selvedge/proxy/explain.hpp>

#include "answer_form.hpp"
#include "normalize.hpp"

#include <algorithm>

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
ExplainedVariant* found(std::vector<ExplainedVariant>& variants) {
  const auto one = std::find_if(variants.begin(), variants.end(), [](const ExplainedVariant& v) {
    return v.is_selected && !v.response->is_partial();
  });
  return one == variants.end() ? nullptr : &*one;
}

cache::CacheDecision decide(const Question& question, const ExplainedVariant* about) {
  const cache::StoredResponse* stored = about != nullptr ? about->response.get() : nullptr;
  const cache::Standing standing = about != nullptr ? about->standing : cache::Standing::valid;
  return cache::decide(question.request, stored, question.now, question.route.policy, standing);
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

} // namespace

Explanation explain(const http::RequestHead& request, const Routing& routing, cache::Store& store,
                    const cache::FillTable& fills, base::Instant now) {
  Explanation result;
  base::Arena arena;
  http::RequestHead normal = request;
  normal.target = cache::normal_path(normal.target, arena);
  const Route* route = routing.find(normal.authority, normal.path());
  if (route == nullptr) return result;
  normalize(normal, *route, arena);
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
  const bool may_use_store = route->policy.enabled && is_retrieval(normal.method);
  ExplainedVariant* const stored = may_use_store ? found(result.variants) : nullptr;
  if (stored != nullptr) stored->is_used = true;
  result.decision = decide(question, stored);
  if (may_use_store) try_parts(result, question);
  return result;
}

} // namespace selvedge::proxy
