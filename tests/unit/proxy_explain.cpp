// What is said of a request: the same as the proxy would do, and nothing is changed by asking.
#include <selvedge/proxy/explain.hpp>
#include <src/proxy/compression.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

using namespace selvedge;
using namespace selvedge::proxy;
using cache::Action;
using std::chrono::seconds;

namespace {

constexpr base::Instant kNow{base::Steady{std::chrono::hours{100}},
                             std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

cache::Freshness fresh_for(seconds lifetime, seconds resident) {
  cache::Freshness freshness;
  freshness.lifetime = lifetime;
  freshness.response_time = kNow.steady - resident;
  freshness.source = "max-age";
  return freshness;
}

test::Stored page(const std::string& vary = {}, seconds lifetime = seconds{60},
                  seconds resident = seconds{10}) {
  test::Stored wanted;
  wanted.key = "http://h/a";
  wanted.vary = vary;
  wanted.freshness = fresh_for(lifetime, resident);
  return wanted;
}

test::Stored part_of_page(std::uint64_t first, std::uint64_t last) {
  test::Stored wanted = page();
  wanted.content_range = http::ContentRange{{first, last}, 100};
  return wanted;
}

// A node with one site, "h", whose only route begins at "/a".
class Node {
public:
  explicit Node(RouteOptions options = {})
      : routing_({{"site", {"h"}, {with_origin(std::move(options))}}}, {{{"app", nullptr}}}, 1000,
                 counters_, boards_) {}

  cache::StoredResponsePtr put(const test::Stored& wanted) {
    const auto response = test::stored(wanted, &store.ledger());
    store.insert(response);
    return response;
  }

  Explanation explain(std::string_view target, test::Fields fields = {}, const char* method = "GET",
                      std::string_view authority = "h") {
    http::RequestHead request = test::request(fields);
    request.method = http::method_of(method);
    request.method_text = method;
    request.authority = authority;
    request.target = target;
    return proxy::explain(request, routing_, store, fills, kNow);
  }

  cache::Store store{{}};
  cache::FillTable fills;

private:
  static RouteOptions with_origin(RouteOptions options) {
    options.name = "route";
    options.prefix = "/a";
    options.origin = "app";
    return options;
  }
  RouteCounterMap counters_;
  ReleaseBoards boards_;
  Routing routing_;
};

std::vector<bool> used(const Explanation& explanation) {
  std::vector<bool> used;
  for (const ExplainedVariant& one : explanation.variants) used.push_back(one.is_used);
  return used;
}

std::vector<bool> selected(const Explanation& explanation) {
  std::vector<bool> selected;
  for (const ExplainedVariant& one : explanation.variants) selected.push_back(one.is_selected);
  return selected;
}

} // namespace

TEST_CASE("an explanation names route, origin, target and key", "[proxy][explain]") {
  RouteOptions options;
  options.key.query = QueryRule::allow;
  options.key.parameters = {"v"};
  options.key.headers = {"x-tenant"};
  Node node(options);
  const Explanation result =
      node.explain("/x/../%61?utm=1&v=2", {{"X-Tenant", "7"}}, "GET", "H:80");
  CHECK(result.is_routed);
  CHECK(result.route == "site/route");
  CHECK(result.origin == "app");
  CHECK(result.target == "/a?v=2");
  CHECK(result.key == "http://h/a?v=2\nx-tenant: 7");
  CHECK(result.variants.empty());
  CHECK(result.decision.action == Action::fetch);
  CHECK(result.decision.reason == "nothing stored");
}

TEST_CASE("a request that no route is for has no decision", "[proxy][explain]") {
  Node node;
  CHECK_FALSE(node.explain("/b").is_routed);
  CHECK_FALSE(node.explain("/a", {}, "GET", "elsewhere").is_routed);
  CHECK(node.explain("/a").is_routed);
}

TEST_CASE("age and what is left of the lifetime", "[proxy][explain]") {
  Node node;
  test::Stored wanted = page();
  wanted.freshness.initial_age = seconds{5}; // RFC 9111, 4.2.3
  node.put(wanted);
  const Explanation result = node.explain("/a");
  REQUIRE(result.variants.size() == 1);
  CHECK(result.variants[0].age == seconds{15});
  CHECK(result.variants[0].ttl == seconds{45});
  CHECK(result.variants[0].is_selected);
  CHECK(result.variants[0].is_used);
  CHECK(result.decision.age == seconds{15});
  CHECK(result.decision.ttl == seconds{45});
}

TEST_CASE("the decision is that of the cache", "[proxy][explain]") {
  struct Row {
    test::Stored stored;
    const char* cache_control; // of the request
    const char* method;
    Action action;
    const char* reason;
    bool is_used;
  };
  const seconds stale{100};
  test::Stored with_etag = page({}, seconds{60}, stale);
  with_etag.head = test::fields({{"etag", "\"1\""}});
  test::Stored marker = page();
  marker.is_pass_marker = true;
  const Row rows[] = {
      {page(), "", "GET", Action::serve, "fresh", true},                       // RFC 9111, 4.2
      {page(), "", "HEAD", Action::serve, "fresh", true},                      // RFC 9110, 9.3.2
      {page(), "", "POST", Action::pass, "method", false},                     // RFC 9110, 9.2.3
      {page(), "no-cache", "GET", Action::fetch, "request no-cache", true},    // RFC 9111, 5.2.1.4
      {page({}, seconds{60}, stale), "", "GET", Action::fetch, "stale", true}, // RFC 9111, 4.2.4
      {with_etag, "", "GET", Action::revalidate, "stale", true},               // RFC 9111, 4.3
      {with_etag, "only-if-cached", "GET", Action::answer_504, "only-if-cached",
       true}, // RFC 9111, 5.2.1.7
      {marker, "", "GET", Action::fetch_alone, "known not to be stored", true},
  };
  for (const Row& row : rows) {
    Node node;
    node.put(row.stored);
    const Explanation result =
        node.explain("/a", {{"Cache-Control", row.cache_control}}, row.method);
    CAPTURE(row.method, row.reason);
    CHECK(result.decision.action == row.action);
    CHECK(result.decision.reason == row.reason);
    CHECK(used(result) == std::vector<bool>{row.is_used});
  }
}

TEST_CASE("a route that does not cache uses nothing stored", "[proxy][explain]") {
  RouteOptions options;
  options.cache = false;
  Node node(options);
  node.put(page());
  const Explanation result = node.explain("/a");
  CHECK(result.decision.reason == "caching is off");
  CHECK(used(result) == std::vector<bool>{false});
}

// RFC 9111, 4.1
TEST_CASE("of several variants the latest that the request selects counts", "[proxy][explain]") {
  Node node;
  node.put(page("accept: text/html\n"));
  node.put(page("x-user\n"));
  node.put(page("accept: text/plain\n"));
  const Explanation both = node.explain("/a", {{"Accept", "text/html"}});
  CHECK(selected(both) == std::vector<bool>{false, true, true});
  CHECK(used(both) == std::vector<bool>{false, true, false});
  const Explanation none = node.explain("/a", {{"X-User", "1"}, {"Accept", "image/png"}});
  CHECK(selected(none) == std::vector<bool>{false, false, false});
  CHECK(none.decision.reason == "nothing stored");
}

TEST_CASE("fields count in the form that the route gives them", "[proxy][explain]") {
  RouteOptions options;
  options.normalize = {{"accept-language", {"en", "de"}}};
  Node node(options);
  node.put(page("accept-language: de\n"));
  CHECK(node.explain("/a", {{"Accept-Language", "de-AT, de"}}).decision.reason == "fresh");
  CHECK(node.explain("/a", {{"Accept-Language", "en"}}).decision.reason == "nothing stored");
}

TEST_CASE("what No-Vary-Search lets answer is found under the key without query",
          "[proxy][explain]") {
  Node node;
  base::Arena arena;
  http::RequestHead filled = test::request();
  filled.target = "/a?v=1&utm=1";
  const auto vary =
      cache::vary_text(test::fields({{"No-Vary-Search", "params=(\"utm\")"}}), filled);
  REQUIRE(vary);
  test::Stored wanted = page(*vary);
  wanted.key = cache::query_free_key(test::key_of("http://h/a?v=1"), arena).text;
  node.put(wanted);
  const Explanation other = node.explain("/a?v=1&utm=2");
  CHECK(other.key == "http://h/a?v=1&utm=2");
  CHECK(used(other) == std::vector<bool>{true});
  CHECK(other.decision.reason == "fresh");
  CHECK(used(node.explain("/a?v=2")) == std::vector<bool>{false});
}

// RFC 9111, 3.3
TEST_CASE("a part answers a request for what it holds", "[proxy][explain]") {
  Node node;
  node.put(part_of_page(0, 9));
  node.put(part_of_page(20, 29));
  const Explanation within = node.explain("/a", {{"Range", "bytes=2-5"}});
  CHECK(within.decision.action == Action::serve);
  CHECK(used(within) == std::vector<bool>{false, true});
  for (const char* range : {"bytes=5-12", "bytes=2-3,5-6", "bytes=50-"}) {
    const Explanation beyond = node.explain("/a", {{"Range", range}});
    CHECK(beyond.decision.action == Action::fetch);
    CHECK(used(beyond) == std::vector<bool>{false, false});
  }
  CHECK(node.explain("/a").decision.action == Action::fetch);
  CHECK(node.explain("/a", {{"Range", "bytes=2-5"}}, "HEAD").decision.action == Action::fetch);
}

TEST_CASE("what was softly purged is stale, what was purged is gone", "[proxy][explain]") {
  Node node;
  const auto put = node.put(page());
  node.store.mark_stale(test::key_of("http://h/a"));
  const Explanation soft = node.explain("/a");
  REQUIRE(soft.variants.size() == 1);
  CHECK(soft.variants[0].standing == cache::Standing::soft_purged);
  CHECK(soft.variants[0].ttl == seconds{50});
  CHECK(soft.decision.ttl == seconds{0});
  CHECK(soft.decision.reason == "stale");
  node.store.purges().purge_everything(cache::PurgeMode::hard, 1, kNow.steady);
  CHECK(node.explain("/a").variants.empty());
}

TEST_CASE("a fill under way is told, of that key only", "[proxy][explain]") {
  Node node;
  CHECK_FALSE(node.explain("/a").is_being_filled);
  const cache::FillPtr fill = node.fills.begin(test::key_of("http://h/a"));
  CHECK(node.explain("/a").is_being_filled);
  CHECK_FALSE(node.explain("/ab").is_being_filled);
  node.fills.remove(*fill);
  CHECK_FALSE(node.explain("/a").is_being_filled);
}

TEST_CASE("asking does not count as use", "[proxy][explain]") {
  Node node;
  const cache::StoredResponsePtr asked = node.put(page());
  CHECK(node.explain("/a").decision.action == Action::serve);
  CHECK(asked->visits.load() == 0);
  REQUIRE(node.store.find(test::key_of("http://h/a"), test::request()));
  CHECK(asked->visits.load() == 1); // what a client's request does
}

TEST_CASE("of several codings the one counts that the client takes best", "[explain]") {
  RouteOptions options;
  options.compression.enabled = true;
  Node node(options);
  const cache::StoredResponsePtr plain = node.put(page());
  boost::intrusive_ptr<cache::Body> body(new cache::Body({}));
  body->append("coded");
  body->finish();
  node.store.insert(coded_response(*plain, coding::ContentCoding::br, body, node.store.ledger()));
  const auto used = [&](const char* codings) {
    for (const ExplainedVariant& one :
         node.explain("/a", {{"accept-encoding", codings}}).variants) {
      if (one.is_used)
        return coding::text_of(static_cast<coding::ContentCoding>(one.response->coding()));
    }
    return std::string_view("none");
  };
  CHECK(used("gzip, br") == "br");
  CHECK(used("gzip") == "identity");
  CHECK(used("br;q=0") == "identity");
}
