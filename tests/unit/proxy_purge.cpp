// What purges take, and what they leave.
#include <selvedge/proxy/purge.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <map>

using namespace selvedge;
using namespace selvedge::proxy;
using cache::Standing;
using Texts = std::vector<std::string>;

namespace {

constexpr base::Steady kNow{std::chrono::hours{100}};

// A store with a few responses, each with the tags that the proxy would give it.
class Shelf {
public:
  void put(const std::string& key, std::initializer_list<const char*> tags = {}) {
    test::Stored wanted;
    wanted.key = key;
    cache::add_place_tags(store.purges(), key, wanted.tags);
    for (const char* tag : tags) {
      wanted.tags.push_back(store.purges().intern(cache::TagKind::key, tag));
    }
    wanted.born = store.purges().epoch();
    store.insert(test::stored(wanted, &store.ledger()));
    keys_.push_back(key);
  }

  PurgeReceipt purge(const PurgeRequest& request, const Routing* routing = nullptr) {
    REQUIRE(refusal_of(request).empty());
    return proxy::purge(store, fills, routing, request, kNow);
  }

  // The keys that can still be used as they are.
  Texts left() {
    Texts left;
    for (const std::string& key : keys_) {
      for (const auto& one : store.variants(test::key_of(key))) {
        if (store.purges().standing(one->purge_state()) == Standing::valid) left.push_back(key);
      }
    }
    return left;
  }

  // As left(), with those that a soft purge made stale.
  std::size_t stored() {
    std::size_t count = 0;
    for (const std::string& key : keys_) count += store.variants(test::key_of(key)).size();
    return count;
  }

  cache::Store store{{}};
  cache::FillTable fills;

private:
  Texts keys_;
};

PurgeRequest urls(Texts list) {
  PurgeRequest request;
  request.urls = std::move(list);
  return request;
}

PurgeRequest prefix(const std::string& text) {
  PurgeRequest request;
  request.prefixes = {text};
  return request;
}

// One route for everything, with that key.
struct OneRoute {
  explicit OneRoute(const KeyOptions& key)
      : routing({{"all", {"*"}, {route(key)}}}, {{{"app", nullptr}}}, 1000, counters, boards) {}
  static RouteOptions route(const KeyOptions& key) {
    RouteOptions options;
    options.origin = "app";
    options.key = key;
    return options;
  }
  RouteCounterMap counters;
  ReleaseBoards boards;
  Routing routing;
};

} // namespace

TEST_CASE("a URL purge takes that URL, however it is written", "[proxy][purge]") {
  const auto url = GENERATE(as<std::string>{}, "http://h/a/b?q=1",
                            "HTTP://H:80/a/b?q=1",      // RFC 9110, 4.2.3
                            "http://h/a/x/../%62?q=1"); // RFC 3986, 6.2.2
  const auto soft = GENERATE(false, true);
  Shelf shelf;
  for (const char* key : {"http://h/a/b?q=1", "http://h/a/b", "https://h/a/b?q=1", "http://h/a"}) {
    shelf.put(key);
  }
  PurgeRequest request = urls({url});
  request.soft = soft;
  CHECK(shelf.purge(request).matched == 1);
  CHECK(shelf.left() == Texts{"http://h/a/b", "https://h/a/b?q=1", "http://h/a"});
  CHECK(shelf.stored() == (soft ? 4u : 3u));
}

TEST_CASE("a URL purge takes the key that the URL's route makes of it", "[proxy][purge]") {
  Shelf shelf;
  for (const char* key : {"http://h/a?v=1", "http://h/a?v=2"}) shelf.put(key);
  KeyOptions rules;
  rules.query = QueryRule::allow;
  rules.parameters = {"v"};
  const OneRoute one(rules);
  CHECK(shelf.purge(urls({"http://h/a?utm_source=x&v=1"}), &one.routing).matched == 1);
  CHECK(shelf.left() == Texts{"http://h/a?v=2"});
}

TEST_CASE("where fields are part of the key, a URL purge takes its path with all of them",
          "[proxy][purge]") {
  const auto soft = GENERATE(false, true);
  Shelf shelf;
  for (const char* key :
       {"http://h/a?q\nx-tenant: 1", "http://h/a\nx-tenant: 2", "http://h/b\nx-tenant: 1"}) {
    shelf.put(key);
  }
  KeyOptions rules;
  rules.headers = {"x-tenant"};
  const OneRoute one(rules);
  PurgeRequest request = urls({"http://h/a?q"});
  request.soft = soft;
  CHECK(shelf.purge(request, &one.routing).matched == 2);
  CHECK(shelf.left() == Texts{"http://h/b\nx-tenant: 1"});
  CHECK(shelf.stored() == (soft ? 3u : 1u));
}

TEST_CASE("a URL purge takes what is stored without its query (No-Vary-Search)", "[proxy][purge]") {
  Shelf shelf;
  base::Arena arena;
  const auto key = cache::query_free_key(test::key_of("http://h/a?utm=1"), arena);
  shelf.put(std::string(key.text));
  CHECK(shelf.purge(urls({"http://h/a?utm=2"})).matched == 1);
  CHECK(shelf.left().empty());
}

TEST_CASE("a URL purge keeps what is being fetched from being stored", "[proxy][purge]") {
  const auto soft = GENERATE(false, true);
  Shelf shelf;
  const cache::FillPtr fill = shelf.fills.begin(test::key_of("http://h/a"));
  const cache::FillPtr other = shelf.fills.begin(test::key_of("http://h/b"));
  PurgeRequest request = urls({"http://h/a"});
  request.soft = soft;
  CHECK(shelf.purge(request).matched == 0);
  CHECK_FALSE(fill->may_store());
  CHECK(other->may_store());
  shelf.fills.remove(*other);
}

TEST_CASE("a prefix purge takes a path and everything below it", "[proxy][purge]") {
  struct Row {
    const char* prefix;
    Texts left; // of the keys below
  };
  const Texts keys{"http://h/a",       "https://h/a?q", "http://h/a/",   "http://h/a/b",
                   "http://h/a/b/c?q", "http://h/ab",   "http://h:81/a", "http://h2/a"};
  const auto row = GENERATE(
      Row{"http://h/a", {"http://h/ab", "http://h:81/a", "http://h2/a"}},
      Row{"H:80/a", {"http://h/ab", "http://h:81/a", "http://h2/a"}},
      Row{"h:443/a", {"http://h/ab", "http://h:81/a", "http://h2/a"}},
      Row{"h/a/", {"http://h/a", "https://h/a?q", "http://h/ab", "http://h:81/a", "http://h2/a"}},
      Row{"h/a/b",
          {"http://h/a", "https://h/a?q", "http://h/a/", "http://h/ab", "http://h:81/a",
           "http://h2/a"}},
      Row{"h", {"http://h:81/a", "http://h2/a"}},
      Row{"https://h/", {"http://h:81/a", "http://h2/a"}});
  const auto soft = GENERATE(false, true);
  CAPTURE(row.prefix, soft);
  Shelf shelf;
  for (const std::string& key : keys) shelf.put(key);
  PurgeRequest request = prefix(row.prefix);
  request.soft = soft;
  CHECK(shelf.purge(request).matched == keys.size() - row.left.size());
  CHECK(shelf.left() == row.left);
}

TEST_CASE("tags, hosts and everything", "[proxy][purge]") {
  struct Row {
    PurgeRequest request;
    std::size_t matched;
    Texts left;
  };
  const auto row = GENERATE(
      Row{{.tags = {"red"}}, 2, {"http://h2/", "http://h3:8443/"}},
      Row{{.tags = {"red", "blue"}}, 3, {"http://h3:8443/"}},
      Row{{.tags = {"Red"}}, 0, {"http://h/", "http://h/x", "http://h2/", "http://h3:8443/"}},
      Row{{.hosts = {"H"}}, 2, {"http://h2/", "http://h3:8443/"}},
      Row{{.hosts = {"h3:8443", "h2:80"}}, 2, {"http://h/", "http://h/x"}},
      Row{{.hosts = {"h3"}}, 0, {"http://h/", "http://h/x", "http://h2/", "http://h3:8443/"}},
      Row{{.tags = {"red"}, .everything = true}, 4, {}});
  Shelf shelf;
  shelf.put("http://h/", {"red"});
  shelf.put("http://h/x", {"red"});
  shelf.put("http://h2/", {"blue"});
  shelf.put("http://h3:8443/");
  const PurgeReceipt receipt = shelf.purge(row.request);
  CHECK(receipt.matched == row.matched);
  CHECK(receipt.epoch == shelf.store.purges().epoch());
  CHECK(receipt.epoch > 0);
  CHECK(shelf.left() == row.left);
}

// RFC 9875, 2: groups belong to an origin, and their names have case.
TEST_CASE("groups are those of one origin", "[proxy][purge]") {
  Shelf shelf;
  const auto put = [&](const std::string& key, const char* group) {
    test::Stored wanted;
    wanted.key = key;
    wanted.tags.push_back(shelf.store.purges().intern(cache::TagKind::group, group));
    shelf.store.insert(test::stored(wanted, &shelf.store.ledger()));
  };
  put("https://h/a", "https://h scripts");
  put("https://h/b", "https://h Scripts");
  put("https://h:8443/a", "https://h:8443 scripts");
  PurgeRequest request;
  request.groups = {"https://H:443 scripts"};
  CHECK(shelf.purge(request).matched == 1);
  CHECK(shelf.store.variants(test::key_of("https://h/a")).empty());
  CHECK(shelf.store.variants(test::key_of("https://h/b")).size() == 1);
  CHECK(shelf.store.variants(test::key_of("https://h:8443/a")).size() == 1);
}

TEST_CASE("requests that cannot be carried out are refused with the reason", "[proxy][purge]") {
  const auto with = [](Texts PurgeRequest::*member, const std::string& text) {
    PurgeRequest request;
    request.*member = {text};
    return request;
  };
  const std::string deep = "h/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16";
  const std::vector<std::pair<PurgeRequest, std::string>> rows{
      {{}, "nothing is named that should be purged"},
      {{.soft = true}, "nothing is named that should be purged"},
      {{.everything = true}, ""},
      {urls({"http://h/"}), ""},
      {urls({"http://h/", "/a"}), "not an absolute http or https URL: /a"},
      {urls({"http://h/#a"}), "not an absolute http or https URL: http://h/#a"},
      {with(&PurgeRequest::tags, ""), "a tag has no name"},
      {with(&PurgeRequest::groups, "https://h a b"), ""},
      {with(&PurgeRequest::groups, "scripts"),
       "not a group such as 'https://example.com scripts': scripts"},
      {with(&PurgeRequest::groups, "https://h/ a"),
       "not a group such as 'https://example.com scripts': https://h/ a"},
      {with(&PurgeRequest::hosts, "[::1]:80"), ""},
      {with(&PurgeRequest::hosts, "http://h"), "not a host such as example.com:8443: http://h"},
      {prefix(deep), ""},
      {prefix(deep + "/"), ""},
      {prefix(deep + "/17"), "prefixes are at most 16 segments deep: " + deep + "/17"},
      {prefix("/a"), "not a prefix such as http://host/a/b or host/a/b, without query: /a"},
      {prefix("h/a?q"), "not a prefix such as http://host/a/b or host/a/b, without query: h/a?q"},
      {prefix("h/.*css"), "a prefix means everything below it and is no expression: h/.*css"},
      {prefix("h/a/*"), "a prefix means everything below it and is no expression: h/a/*"},
  };
  for (const auto& [request, refusal] : rows) CHECK(refusal_of(request) == refusal);
}

TEST_CASE("PURGE requests say what they mean by the fields that plug-ins send", "[proxy][purge]") {
  struct Row {
    http::FieldList fields;
    PurgeRequest expected;
  };
  const Texts url{"http://h:81/a/.*"};
  const std::vector<Row> rows{
      {{}, {.urls = url}},
      {test::fields({{"Fastly-Soft-Purge", "1"}}), {.urls = url, .soft = true}},
      {test::fields({{"Fastly-Soft-Purge", "0"}}), {.urls = url}},
      {test::fields({{"Surrogate-Key", "a b"}}), {.tags = {"a", "b"}}},
      {test::fields({{"Surrogate-Key", "a"}, {"fastly-soft-purge", "1"}}),
       {.tags = {"a"}, .soft = true}},
      {test::fields({{"xkey", "a"}}), {.tags = {"a"}}},
      {test::fields({{"xkey-purge", "a"}, {"xkey-purge", "b"}}), {.tags = {"a", "b"}}},
      {test::fields({{"xkey-softpurge", "a"}}), {.tags = {"a"}, .soft = true}},
      {test::fields({{"xkey-softpurge", "a"}, {"xkey-purge", "b"}}), {.tags = {"a", "b"}}},
      {test::fields({{"Cache-Tag", "a,b , c"}}), {.tags = {"a", "b", "c"}}},
      {test::fields({{"Cache-Tags", "node:1 node:2"}}), {.tags = {"node:1", "node:2"}}},
      {test::fields({{"X-Cache-Tags", "a,"}}), {.tags = {"a"}}},
      {test::fields({{"Purge-Cache-Tags", "a"}}), {.tags = {"a"}}},
      {test::fields({{"Cache-Tag", " "}}), {.urls = url}},
      {test::fields({{"X-Purge-Method", "regex"}}), {.prefixes = {"h:81/a/"}}},
      {test::fields({{"X-Purge-Method", "default"}}), {.urls = url}},
  };
  for (const Row& row : rows) {
    http::RequestHead head;
    head.method = http::Method::purge;
    head.authority = "h:81";
    head.target = "/a/.*";
    head.fields = row.fields;
    const PurgeRequest request = purge_request_of(head);
    CHECK(request.urls == row.expected.urls);
    CHECK(request.tags == row.expected.tags);
    CHECK(request.prefixes == row.expected.prefixes);
    CHECK(request.soft == row.expected.soft);
  }
}

TEST_CASE("a PURGE request for a host without a port means both schemes", "[proxy][purge]") {
  http::RequestHead head;
  head.authority = "h";
  head.target = "/a";
  CHECK(purge_request_of(head).urls == Texts{"http://h/a", "https://h/a"});
  head.scheme = "https";
  CHECK(purge_request_of(head).urls == Texts{"https://h/a", "http://h/a"});
}

TEST_CASE("purges are counted by name", "[proxy][purge]") {
  PurgeCounters counters;
  counters.note({.urls = {"a", "b"}, .tags = {"t"}}, {.epoch = 1, .matched = 5});
  counters.note({.everything = true}, {.epoch = 2, .matched = 2});
  CHECK(counters.urls.value() == 2);
  CHECK(counters.tags.value() == 1);
  CHECK(counters.hosts.value() == 0);
  CHECK(counters.everything.value() == 1);
  CHECK(counters.matched.value() == 7);
}
