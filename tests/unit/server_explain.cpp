// The admin API's side of `explain`: reading the question, and the words of the answer.
#include <src/server/admin_query.hpp>
#include <src/server/explain_api.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::server;
using cache::Action;
using http::CacheOutcome;
using http::Method;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

namespace {

std::string refusal(std::string_view query) {
  const auto read = read_explain_question(query);
  const auto* wrong = std::get_if<std::string>(&read);
  return wrong != nullptr ? *wrong : "none";
}

constexpr base::Instant kNow{base::Steady{std::chrono::hours{100}},
                             std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

test::Stored stored(seconds lifetime) {
  test::Stored wanted;
  wanted.freshness.lifetime = lifetime;
  wanted.freshness.response_time = kNow.steady - seconds{10};
  return wanted;
}

proxy::Explanation about(cache::CacheDecision decision) {
  proxy::Explanation explanation;
  explanation.is_routed = true;
  explanation.decision = decision;
  return explanation;
}

proxy::ExplainedVariant variant(bool is_selected) {
  proxy::ExplainedVariant one;
  one.is_selected = is_selected;
  return one;
}

} // namespace

// RFC 3986, 2.1 and 3.4
TEST_CASE("a query is pairs, percent-encoded", "[server][explain]") {
  const AdminQuery query("a=1&&b=%41%2b+%&a=%3D2=&c&%64=%zz%4");
  CHECK(query.value("a") == "1");
  CHECK(query.values("a") == Texts{"1", "=2="});
  CHECK(query.value("b") == "A++%");
  CHECK(query.value("c") == "");
  CHECK(query.value("d") == "%zz%4");
  CHECK_FALSE(query.value("e"));
  CHECK(query.names() == Texts{"a", "b", "a", "c", "d"});
  CHECK(AdminQuery("").names().empty());
}

TEST_CASE("a question becomes the request that a client would send", "[server][explain]") {
  const auto read = read_explain_question("url=https://h:81/a%3Fq&method=HEAD&header=Accept%3A%20a"
                                          "&header=accept%3Ab");
  REQUIRE(std::holds_alternative<ExplainQuestion>(read));
  const http::RequestHead request = request_of(std::get<ExplainQuestion>(read));
  CHECK(request.method == Method::head);
  CHECK(request.scheme == "https");
  CHECK(request.authority == "h:81");
  CHECK(request.target == "/a?q");
  REQUIRE(request.fields.size() == 2);
  CHECK(request.fields.begin()[0].name == "Accept");
  CHECK(request.fields.begin()[0].value == "a");
  CHECK(request.fields.begin()[1].value == "b");
}

TEST_CASE("what is no question is refused with the reason", "[server][explain]") {
  const std::vector<std::pair<const char*, std::string>> rows{
      {"url=http://h/", "none"},
      {"url=http://h/&method=PROPFIND", "none"},
      {"", "the parameter url is missing"},
      {"method=GET", "the parameter url is missing"},
      {"url=/a", "url is not an absolute http or https URL: /a"},
      {"url=http://h/&verb=GET", "unknown parameter 'verb'"},
      {"url=http://h/&headers=a", "unknown parameter 'headers' (did you mean 'header'?)"},
      {"url=http://h/&method=", "not a method: ''"},
      {"url=http://h/&method=G%20T", "not a method: 'G T'"},
      {"url=http://h/&method=TRACE", "the cache is not asked about TRACE requests"},
      {"url=http://h/&method=PURGE", "the cache is not asked about PURGE requests"},
      {"url=http://h/&header=Accept", "not a header such as 'Accept: text/html': 'Accept'"},
      {"url=http://h/&header=A%20b:c", "not a header such as 'Accept: text/html': 'A b:c'"},
      {"url=http://h/&header=a:%0Ab", "not a header such as 'Accept: text/html': 'a:\nb'"},
      {"url=http://h/&header=Host:x",
       "Host is not for a header: the URL says the host, and there is no content"},
      {"url=http://h/&header=content-length:1",
       "content-length is not for a header: the URL says the host, and there is no content"},
  };
  for (const auto& [query, wanted] : rows) CHECK(refusal(query) == wanted);
}

// The sections are those of RFC 9111 unless another is named.
TEST_CASE("every reason of the cache has a rule", "[server][explain]") {
  struct Row {
    const char* control;
    test::Stored stored;
    const char* reason;
    const char* source;
  };
  test::Stored no_cache = stored(seconds{60});
  no_cache.freshness.no_cache = true;
  test::Stored revalidating = stored(seconds{5});
  revalidating.freshness.stale_while_revalidate = seconds{60};
  test::Stored failing = stored(seconds{5});
  failing.freshness.stale_if_error = seconds{60};
  test::Stored marker = stored(seconds{60});
  marker.is_pass_marker = true;
  test::Stored old_marker = stored(seconds{5});
  old_marker.is_pass_marker = true;
  const Row rows[] = {
      {"", stored(seconds{60}), "fresh", "RFC 9111, 4.2"},
      {"", stored(seconds{5}), "stale", "RFC 9111, 4.2.4"},
      {"", no_cache, "no-cache", "RFC 9111, 5.2.2.4"},
      {"", revalidating, "stale-while-revalidate", "RFC 5861, 3"},
      {"", failing, "stale-if-error", "RFC 5861, 4"},
      {"", marker, "known not to be stored", "RFC 9111, 3"},
      {"", old_marker, "pass marker expired", "RFC 9111, 3"},
      {"no-cache", stored(seconds{60}), "request no-cache", "RFC 9111, 5.2.1.4"},
      {"max-age=5", stored(seconds{60}), "request max-age", "RFC 9111, 5.2.1.1"},
      {"max-stale=9", stored(seconds{5}), "request max-stale", "RFC 9111, 5.2.1.2"},
      {"min-fresh=55", stored(seconds{60}), "request min-fresh", "RFC 9111, 5.2.1.3"},
      {"no-store", stored(seconds{5}), "request no-store", "RFC 9111, 5.2.1.5"},
      {"only-if-cached", stored(seconds{5}), "only-if-cached", "RFC 9111, 5.2.1.7"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reason);
    const auto response = test::stored(row.stored);
    response->note_origin_failure(kNow.steady);
    const auto decision = cache::decide(test::request({{"Cache-Control", row.control}}),
                                        response.get(), kNow, cache::CachePolicy());
    CHECK(decision.reason == row.reason);
    CHECK(rule_of(about(decision)).source == row.source);
    CHECK_FALSE(rule_of(about(decision)).meaning.empty());
  }
}

TEST_CASE("so has every reason that is about the request alone", "[server][explain]") {
  const auto source_of = [](const http::RequestHead& request, const cache::CachePolicy& policy) {
    return rule_of(about(cache::decide(request, nullptr, kNow, policy))).source;
  };
  http::RequestHead post = test::request();
  post.method = Method::post;
  http::RequestHead with_content = test::request();
  with_content.has_content = true;
  cache::CachePolicy off;
  off.enabled = false;
  CHECK(source_of(test::request(), {}) == "RFC 9111, 4");
  CHECK(source_of(post, {}) == "RFC 9110, 9.2.3");
  CHECK(source_of(with_content, {}) == "RFC 9110, 9.3.1");
  CHECK(source_of(test::request(), off) == "the route's setting `cache`");
  const auto fresh = test::stored(stored(seconds{60}));
  const auto pragma = cache::decide(test::request({{"Pragma", "no-cache"}}), fresh.get(), kNow, {});
  CHECK(rule_of(about(pragma)).source == "RFC 9111, 5.4");
}

TEST_CASE("a miss beside stored variants says why they do not count", "[server][explain]") {
  proxy::Explanation miss = about(cache::decide(test::request(), nullptr, kNow, {}));
  miss.variants = {variant(false), variant(false)};
  CHECK(rule_of(miss).source == "RFC 9111, 4.1");
  miss.variants = {variant(false), variant(true)}; // a part: a complete one would have been found
  CHECK(rule_of(miss).source == "RFC 9111, 3.3");
}

TEST_CASE("a decision has one outcome", "[server][explain]") {
  struct Row {
    Action action;
    int ttl;
    Method method;
    bool is_being_filled;
    CacheOutcome outcome;
  };
  const Row rows[] = {
      {Action::serve, 1, Method::get, true, CacheOutcome::hit},
      {Action::serve, 0, Method::get, false, CacheOutcome::stale}, // RFC 9111, 4.2
      {Action::serve_stale_and_revalidate, -1, Method::get, false, CacheOutcome::stale},
      {Action::revalidate, -1, Method::get, false, CacheOutcome::revalidated},
      {Action::revalidate, -1, Method::get, true, CacheOutcome::collapsed},
      {Action::fetch, 0, Method::get, false, CacheOutcome::miss},
      {Action::fetch, 0, Method::get, true, CacheOutcome::collapsed},
      {Action::fetch, 0, Method::head, true, CacheOutcome::pass},
      {Action::fetch_alone, 0, Method::get, true, CacheOutcome::pass},
      {Action::pass, 0, Method::get, true, CacheOutcome::pass},
      {Action::answer_504, 0, Method::get, false, CacheOutcome::synthetic},
  };
  for (const Row& row : rows) {
    cache::CacheDecision decision;
    decision.action = row.action;
    decision.ttl = seconds{row.ttl};
    proxy::Explanation explanation = about(decision);
    explanation.is_being_filled = row.is_being_filled;
    CAPTURE(text_of(row.action), row.ttl, row.is_being_filled);
    CHECK(outcome_of(explanation, row.method) == row.outcome);
  }
}
