// Random responses, requests and clocks through decide_store() and decide(). What must never happen
// is told by a model that knows what the fields say because it wrote them: it reads no header.
#include <selvedge/cache/decide.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/random_exchange.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::cache;
using test::Asked;
using test::Count;
using test::Random;
using test::Said;
using test::Written;

namespace {

CachePolicy some_policy(Random& random) {
  CachePolicy policy;
  policy.clients_may_revalidate = !random.once_in(4);
  policy.default_lifetime = base::Seconds{random.once_in(4) ? 30 : 0};
  if (random.once_in(4))
    policy.status_lifetimes = {{404, base::Seconds{10}}, {5, base::Seconds{1}}};
  policy.stale_while_revalidate = base::Seconds{random.once_in(4) ? 10 : 0};
  policy.stale_if_error = base::Seconds{random.once_in(2) ? 20 : 0};
  policy.set_cookie = random.once_in(4) ? CookieRule::store : CookieRule::bypass;
  return policy;
}

// RFC 9110, 15.1, of the statuses above.
bool is_cacheable_by_default(http::Status status) {
  constexpr http::Status kAll[] = {200, 203, 206, 301, 404, 410};
  return std::find(std::begin(kAll), std::end(kAll), status) != std::end(kAll);
}

// RFC 9111, 4.2.1 and 4.2.2; nothing where there is none.
std::optional<Count> lifetime_of(const Written& response, const CachePolicy& policy) {
  const Said& said = response.said;
  if (said.s_maxage) return said.s_maxage;
  if (said.max_age) return said.max_age;
  if (!response.is_targeted && response.expires_lifetime) return response.expires_lifetime;
  const http::Status status = response.head.status;
  for (const StatusLifetime& one : policy.status_lifetimes) {
    if (one.status == status || one.status == status / 100) return one.lifetime.count();
  }
  if (!is_cacheable_by_default(status) && !said.is_public) return std::nullopt;
  if (response.unchanged > 0) return response.unchanged / 10;
  if (policy.default_lifetime.count() > 0) return policy.default_lifetime.count();
  return std::nullopt;
}

// Why RFC 9111, 3 forbids a shared cache to store it, or nothing.
std::string_view forbidden(const Asked& asked, const Written& response, const CachePolicy& policy) {
  const Said& said = response.said;
  const http::Status status = response.head.status;
  const bool is_understood = status != 299 && status != 599;
  if (asked.head.method != http::Method::get) return "3: method";
  if (asked.head.has_content) return "RFC 9110, 9.3.1: content";
  if (asked.no_store) return "5.2.1.5: no-store of the request";
  if (status < 200 || status == 304 || status == 416) return "3: status";
  if (said.must_understand && !is_understood) return "5.2.2.3: must-understand";
  if (said.no_store && !said.must_understand) return "5.2.2.5: no-store";
  if (said.is_private) return "5.2.2.7: private";
  if (response.varies_on_anything) return "4.1: Vary: *";
  const bool may_be_shared = said.is_public || said.must_revalidate || said.s_maxage;
  if (asked.has_authorization && !may_be_shared) return "3.5: Authorization";
  const bool keeps_cookies = said.is_public || policy.set_cookie != CookieRule::bypass;
  if (response.has_cookie && !keeps_cookies) return "7.3: Set-Cookie";
  const bool has_reason = said.is_public || is_cacheable_by_default(status) ||
                          lifetime_of(response, policy).has_value();
  return has_reason ? "" : "3: nothing allows it";
}

// One stored response at one moment, by the model.
struct Moment {
  Count age = 0;
  Count lifetime = 0;
  Count ttl = 0; // of a soft purged response at most 0
  bool is_fresh = false;
  bool may_be_stale = false; // RFC 9111, 4.2.4
  Count stale_for = 0;
  Count stale_while_revalidate = 0;
  Count stale_if_error = 0;
};

Moment moment_of(const Written& response, const CachePolicy& policy, base::Seconds resident,
                 Standing standing) {
  const Said& said = response.said;
  const auto lifetime = lifetime_of(response, policy);
  Moment at;
  at.age = response.initial_age + resident.count();
  at.lifetime = lifetime.value_or(0);
  at.ttl = at.lifetime - at.age;
  at.stale_for = std::max<Count>(-at.ttl, 0);
  if (standing == Standing::soft_purged) at.ttl = std::min<Count>(at.ttl, 0);
  at.is_fresh = at.ttl > 0;
  // What was never fresh is used stale only where the origin itself says so.
  const bool is_for_once =
      lifetime && *lifetime <= 0 && !said.stale_while_revalidate && !said.stale_if_error;
  at.may_be_stale = !said.must_revalidate && !said.proxy_revalidate && !said.s_maxage &&
                    !said.no_cache && lifetime && !is_for_once;
  at.stale_while_revalidate =
      said.stale_while_revalidate.value_or(policy.stale_while_revalidate.count());
  at.stale_if_error = said.stale_if_error.value_or(policy.stale_if_error.count());
  return at;
}

// RFC 9111, 5.2.1: the client wants the origin to be asked.
bool demands_origin(const Asked& asked, const Said& said, const Moment& at) {
  if (asked.no_cache) return true;
  const bool is_too_old = asked.max_age && (*asked.max_age == 0 || at.age > *asked.max_age);
  if (is_too_old && !said.immutable) return true; // RFC 8246, 2.1
  return asked.min_fresh && at.ttl < *asked.min_fresh;
}

bool is_for_cache(const Asked& asked) {
  const http::Method method = asked.head.method;
  return (method == http::Method::get || method == http::Method::head) && !asked.head.has_content;
}

// RFC 5861, 3 and 4: whether a window is open. One of no length is not.
bool is_in(Count window, const Moment& at) {
  return window > 0 && at.stale_for <= window;
}

Count allowed_on_error(const Asked& asked, const Moment& at) {
  return std::max(at.stale_if_error, asked.stale_if_error.value_or(0));
}

// What is wrong with serving it stale, or nothing.
std::string_view wrong_stale(const CacheDecision& decision, const Asked& asked, const Moment& at,
                             bool has_failed) {
  if (!at.may_be_stale) return "4.2.4: stale where it is forbidden";
  if (decision.reason == "request max-stale") {
    const bool holds = asked.max_stale && at.stale_for <= *asked.max_stale;
    return holds ? "" : "5.2.1.2: beyond max-stale";
  }
  if (decision.action != Action::serve_stale_and_revalidate) return "stale, and not revalidated";
  if (decision.reason == "stale-while-revalidate") {
    return is_in(at.stale_while_revalidate, at) ? "" : "RFC 5861, 3: outside the window";
  }
  if (decision.reason == "stale-if-error") {
    return has_failed && is_in(allowed_on_error(asked, at), at) ? ""
                                                                : "RFC 5861, 4: outside the window";
  }
  return "stale without a reason";
}

std::string_view wrong_decision(const CacheDecision& decision, const Asked& asked,
                                const Written& response, const CachePolicy& policy,
                                const Moment& at, bool has_failed) {
  const bool is_served =
      decision.action == Action::serve || decision.action == Action::serve_stale_and_revalidate;
  if (asked.only_if_cached && !is_served && decision.action != Action::answer_504) {
    return "5.2.1.7: only-if-cached went on";
  }
  if (!is_for_cache(asked)) return is_served ? "4: method or content" : "";
  if (decision.age.count() != at.age || decision.ttl.count() != at.ttl) return "4.2.3: age";
  if (decision.action == Action::revalidate && !response.has_validator)
    return "4.3.1: no validator";
  if (decision.may_serve_on_error && !at.is_fresh) {
    if (!at.may_be_stale || !is_in(allowed_on_error(asked, at), at))
      return "RFC 5861, 4: may_serve_on_error";
  }
  const bool is_demanded =
      policy.clients_may_revalidate && demands_origin(asked, response.said, at);
  if (!is_served) {
    const bool must_serve = at.is_fresh && !response.said.no_cache && !is_demanded;
    return must_serve ? "4: fresh, and not served" : "";
  }
  if (response.said.no_cache) return "5.2.2.4: no-cache served";
  if (is_demanded) return "5.2.1: against the client";
  if (!at.is_fresh) return wrong_stale(decision, asked, at, has_failed);
  return decision.reason == "fresh" ? "" : "fresh, by another name";
}

// RFC 9111, 4: those who waited for a response may have what those may have who come now. It was
// fetched a moment ago, so that no purge concerns it.
std::string_view wrong_collapse(bool may_collapse, const Said& said, const Moment& at) {
  const bool is_stale = at.age >= at.lifetime;
  const bool may =
      !said.no_cache && (!is_stale || (at.may_be_stale && is_in(at.stale_while_revalidate, at)));
  return may == may_collapse ? "" : "4: collapsed";
}

std::string described(const Asked& asked, const Written& response) {
  std::string text(asked.head.method == http::Method::get ? "GET" : "another method");
  for (const auto& field : asked.head.fields) {
    text.append("\n> ").append(field.name).append(": ").append(field.value);
  }
  text.append("\n< ").append(std::to_string(response.head.status));
  for (const auto& field : response.head.fields) {
    text.append("\n< ").append(field.name).append(": ").append(field.value);
  }
  return text;
}

// How often what happened, so that a test which sees nothing does not pass.
struct Tally {
  int rounds = 0;
  int stored = 0;
  std::map<std::string_view, int> reasons;
  std::map<Action, int> actions;
};

class Rounds {
public:
  explicit Rounds(std::uint32_t seed) : random_(seed) {}

  // One response, and some requests that may be answered with it.
  void play(Tally& tally) {
    const CachePolicy policy = some_policy(random_);
    const base::Instant received{base::Steady{std::chrono::hours{1000}},
                                 std::chrono::sys_seconds{base::Seconds{1735732800}}};
    const base::Millis delay{random_.below(9000)};
    const base::Instant requested{received.steady - delay, received.wall};
    const Asked asked = test::write_request(random_);
    const Written response = test::write_response(random_, received, delay.count() / 1000);
    const StoreDecision decision =
        decide_store(asked.head, response.head, requested, received, policy);
    ++tally.rounds;
    const std::string_view refusal = forbidden(asked, response, policy);
    const Count lifetime = lifetime_of(response, policy).value_or(0);
    if ((decision.may_store && !refusal.empty()) ||
        decision.freshness.lifetime.count() != lifetime) {
      INFO(described(asked, response));
      CAPTURE(refusal, decision.reason, decision.freshness.lifetime.count(), lifetime);
      FAIL("stored, or for how long");
    }
    if (!decision.may_store) return;
    ++tally.stored;
    const auto stored = store(response, decision.freshness);
    for (int i = 0; i < 6; ++i) answer(response, *stored, received, policy, tally);
  }

private:
  static boost::intrusive_ptr<StoredResponse> store(const Written& response,
                                                    const Freshness& freshness) {
    test::Stored wanted;
    wanted.content = "";
    wanted.freshness = freshness;
    for (const auto& field : response.head.fields) wanted.head.add(field);
    return test::stored(wanted);
  }

  void answer(const Written& response, const StoredResponse& stored, base::Instant received,
              const CachePolicy& policy, Tally& tally) {
    constexpr int kSeconds[] = {0, 1, 5, 10, 29, 30, 59, 60, 61, 80, 99, 100, 120, 199, 200, 9999};
    const base::Millis resident{random_.one_of(kSeconds) * 1000 + random_.one_of({0, 0, 1, 999})};
    const base::Instant now{received.steady + resident,
                            received.wall + base::Seconds{resident.count() / 1000}};
    const Standing standing = random_.once_in(8) ? Standing::soft_purged : Standing::valid;
    const bool has_failed = random_.once_in(3);
    stored.note_origin_failure(has_failed ? now.steady : now.steady - std::chrono::hours{1});
    const Asked asked = test::write_request(random_);
    const CacheDecision decision = decide(asked.head, &stored, now, policy, standing);
    ++tally.rounds;
    ++tally.reasons[decision.reason];
    ++tally.actions[decision.action];
    const Moment at = moment_of(response, policy, base::Seconds{resident.count() / 1000}, standing);
    std::string_view wrong = wrong_decision(decision, asked, response, policy, at, has_failed);
    if (wrong.empty()) wrong = wrong_collapse(may_collapse(stored, now), response.said, at);
    if (wrong.empty()) return;
    INFO(described(asked, response));
    CAPTURE(wrong, text_of(decision.action), decision.reason, at.age, at.ttl, at.stale_for);
    FAIL("answered");
  }

  Random random_;
};

} // namespace

TEST_CASE("nothing is stored or served that RFC 9111 forbids", "[cache][decide][property]") {
  constexpr int kRounds = 50000; // of each seed
  for (const std::uint32_t seed : {9111u, 5861u, 8246u, 9213u}) {
    CAPTURE(seed);
    Rounds rounds(seed);
    Tally tally;
    while (tally.rounds < kRounds) rounds.play(tally);
    CHECK(tally.stored > 1000);
    for (const Action action :
         {Action::serve, Action::serve_stale_and_revalidate, Action::revalidate, Action::fetch,
          Action::pass, Action::answer_504}) {
      CAPTURE(text_of(action));
      CHECK(tally.actions[action] > 100);
    }
    for (const char* reason :
         {"fresh", "stale", "no-cache", "request max-stale", "stale-while-revalidate",
          "stale-if-error", "request no-cache", "request max-age", "request min-fresh"}) {
      CAPTURE(reason);
      CHECK(tally.reasons[reason] > 100);
    }
  }
}
