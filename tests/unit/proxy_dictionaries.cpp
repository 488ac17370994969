#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <selvedge/net/helper_threads.hpp>
#include <selvedge/proxy/differences.hpp>

#include <src/proxy/compression.hpp>
#include <src/proxy/dictionary_place.hpp>

#include <thread>

using namespace selvedge;
using proxy::dictionary_place;

namespace {

std::string place_of(std::string_view key, std::string_view prefix = "/") {
  base::Arena arena;
  const auto place = dictionary_place(key, prefix, "@acme/ui", "1.2.3", arena);
  return place ? std::string(place->text) : "none";
}

std::string match_of(std::string_view key, std::string_view prefix = "/") {
  base::Arena arena;
  const auto place = dictionary_place(key, prefix, "@acme/ui", "1.2.3", arena);
  return place ? proxy::use_as_dictionary(*place) : "none";
}

http::FieldList
fields_of(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  http::FieldList fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

} // namespace

TEST_CASE("versions of an asset have a place in common", "[dictionary]") {
  CHECK(place_of("https://h.test/@acme/ui/1.2.3/dist/a.js") ==
        "https://h.test/@acme/ui/*/dist/a.js");
  CHECK(place_of("https://h.test/lib/@acme/ui/1.2.3/a.js", "/lib/") ==
        "https://h.test/lib/@acme/ui/*/a.js");
  CHECK(place_of("https://h.test/@acme/ui/1.2.3/a.js\nx-theme: dark") ==
        "https://h.test/@acme/ui/*/a.js\nx-theme: dark");
  for (const char* other :
       {"http://h.test/@acme/ui/1.2.3/a.js", "https://h.test/@acme/ui/1.2.4/a.js",
        "https://h.test/@acme/ui-x/1.2.3/a.js", "https://h.test/@acme/ui/1.2.3/bundle.json",
        "https://h.test/@acme/ui/1.2.3/a.js?x", "https://h.test/@acme/ui/index.json",
        "https://h.test/x/@acme/ui/1.2.3/a.js", "https://h.test", "https://h.test/", ""}) {
    CAPTURE(other);
    CHECK(place_of(other) == "none");
  }
}

TEST_CASE("RFC 9842, 2.1.1: the pattern is of all versions, and of nothing else", "[dictionary]") {
  CHECK(match_of("https://h.test/@acme/ui/1.2.3/dist/a.js") == R"(match="/@acme/ui@*/dist/a.js")");
  CHECK(match_of("https://h.test/lib/@acme/ui/1.2.3/a.js", "/lib") ==
        R"(match="/lib/@acme/ui@*/a.js")");
  CHECK(match_of("https://h.test/@acme/ui/1.2.3/a\n") == R"(match="/@acme/ui@*/a")");
  // What means something in patterns; and in strings of structured fields.
  CHECK(match_of("https://h.test/@acme/ui/1.2.3/a+b(c)*:d") ==
        R"(match="/@acme/ui@*/a\\+b\\(c\\)\\*{\\:}d")");
  CHECK(match_of(R"(https://h.test/@acme/ui/1.2.3/a{b}"\)") ==
        R"(match="/@acme/ui@*/a\\{b\\}\"\\\\")");
}

TEST_CASE("RFC 9842, 2.2: what a client has", "[dictionary]") {
  const auto digest = proxy::available_dictionary(
      fields_of({{"Available-Dictionary", ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:"}}));
  REQUIRE(digest);
  CHECK((*digest)[0] == 0xa5);
  CHECK((*digest)[31] == 0x6e);
  CHECK_FALSE(proxy::available_dictionary({}));
  for (const char* bad : {"", "::", "pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4:",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG==:",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2f===4=:",
                          ": ZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:",
                          ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG44:"}) {
    CAPTURE(bad);
    CHECK_FALSE(proxy::available_dictionary(fields_of({{"available-dictionary", bad}})));
  }
}

TEST_CASE("RFC 9842, 9.3.3: who may read an answer", "[dictionary]") {
  using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  const auto may = [](Pairs request, std::string_view allowed = {}) {
    return proxy::may_read(fields_of(request), allowed);
  };
  CHECK(may({}));
  CHECK(may({{"sec-fetch-site", "same-origin"}, {"sec-fetch-mode", "no-cors"}}));
  CHECK(may({{"sec-fetch-site", "cross-site"}}));
  CHECK(may({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}));
  CHECK(may({{"sec-fetch-site", "none"}, {"sec-fetch-mode", "same-origin"}}));
  CHECK_FALSE(may({{"sec-fetch-site", "same-site"}, {"sec-fetch-mode", "no-cors"}}, "*"));
  const Pairs cors = {
      {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "cors"}, {"origin", "https://a.test"}};
  CHECK_FALSE(may(cors));
  CHECK(may(cors, "*"));
  CHECK(may(cors, "https://a.test"));
  CHECK_FALSE(may(cors, "https://b.test"));
  CHECK_FALSE(may({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "cors"}}, "*"));
}

namespace {

// Versions of one asset in a store, by number.
class Versions {
public:
  explicit Versions(int count) : store_({}) {
    proxy::CompressionOptions options;
    options.enabled = options.dictionaries.enabled = true;
    options.dictionaries.level = 3;
    compression_ = std::make_shared<const proxy::Compression>(options);
    for (int version = 0; version < count; ++version) add(version);
  }

  cache::Store& store() { return store_; }
  const cache::ContentDigest& digest(int version) const { return digests_[index(version)]; }
  std::string key(int version) const {
    return "https://h/ui/1.0." + std::to_string(version) + "/a";
  }
  proxy::Differences::Wanted wanted(int version, int dictionary) const {
    return {key(version),
            "",
            ids_[index(version)],
            digest(dictionary),
            compression_,
            {},
            proxy::Differences::Asker::release};
  }

private:
  static std::size_t index(int version) { return static_cast<std::size_t>(version); }
  void add(int version) {
    boost::intrusive_ptr<cache::Body> body(new cache::Body({std::nullopt, &store_.ledger()}));
    for (int line = 0; line < 200; ++line) {
      const int number = line % 40 == version % 40 ? version * 7919 : line * 104729;
      body->append("export const token" + std::to_string(number) + ";\n");
    }
    body->finish();
    cache::ContentDigest digest{};
    digest[0] = static_cast<unsigned char>(version);
    body = store_.contents().shared(digest, body);
    http::FieldList fields;
    fields.add("content-type", "text/javascript");
    cache::StoredResponse::Parts parts;
    parts.key = key(version);
    parts.print = base::fingerprint(parts.key);
    parts.head = http::HeadBlock(fields);
    parts.body = body;
    parts.freshness.lifetime = base::Seconds{1000};
    store_.insert(new cache::StoredResponse(std::move(parts), &store_.ledger()));
    digests_.push_back(digest);
    ids_.push_back(body->id());
  }

  cache::Store store_;
  std::shared_ptr<const proxy::Compression> compression_;
  std::vector<cache::ContentDigest> digests_;
  std::vector<std::uint64_t> ids_;
};

} // namespace

TEST_CASE("differences are wanted, made and found on many threads", "[dictionary]") {
  constexpr int kVersions = 16;
  Versions versions(kVersions);
  net::HelperThreads coding(2);
  net::HelperThreads idle;
  proxy::CodingJobs jobs(coding.executor(), proxy::Jobs::Priority::behind_workers);
  proxy::Jobs behind(idle.executor(), proxy::Jobs::Priority::idle);
  proxy::Differences differences(jobs, behind, versions.store());
  constexpr std::string_view kPlace = "https://h/ui/*/a";
  for (int version = 0; version < kVersions; ++version) {
    differences.add(kPlace, versions.digest(version), versions.key(version));
  }
  std::vector<std::thread> askers;
  for (int asker = 0; asker < 4; ++asker) {
    askers.emplace_back([&] {
      const http::RequestHead request = test::request({});
      for (int version = 1; version < kVersions; ++version) {
        differences.want(kPlace, versions.wanted(version, version - 1));
        differences.add(kPlace, versions.digest(version), versions.key(version));
        cache::TakenCodings taken;
        taken.ranks[proxy::number_of(coding::ContentCoding::dcz)] = 2;
        taken.dictionary = &versions.digest(version - 1);
        const std::string key = versions.key(version);
        const auto found = versions.store().find({key, base::fingerprint(key)}, request, 0, taken);
        if (found) static_cast<void>(found->body().content_bytes());
      }
    });
  }
  for (std::thread& one : askers) one.join();
  const auto& made = jobs.counters(coding::ContentCoding::dcz).variants;
  while (made.load() < kVersions - 1) std::this_thread::yield();
  CHECK(made.load() == kVersions - 1); // once each
  CHECK(differences.counters().unknown.load() == 0);
  behind.hurry();
  coding.stop();
  idle.stop();
}
