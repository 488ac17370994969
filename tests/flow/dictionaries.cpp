// Who has one version of an asset gets the next as the difference (RFC 9842).
#include <tests/support/bundle_world.hpp>
#include <tests/support/coded.hpp>

#include <selvedge/bundle/integrity.hpp>

#include <algorithm>

using namespace selvedge;
using namespace selvedge::test;

namespace {

using coding::ContentCoding;
using Digest = std::array<unsigned char, 32>;

const Fields kScript{{"content-type", "text/javascript"}, {"etag", "\"v\""}};

// Modules whose versions differ in a few lines, and compress badly by themselves.
std::string version_of(int version, int lines = 800) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    const bool is_changed = i % 100 == version % 100;
    const auto noise = static_cast<unsigned>(i + (is_changed ? version * 1000 : 0)) * 2654435761u;
    text += "export const v" + std::to_string(i) + " = " + std::to_string(noise) + ";\n";
  }
  return text;
}

Digest digest_of(std::string_view content) {
  bundle::DigestSum sum(bundle::DigestAlgorithm::sha256);
  sum.add(content);
  Digest digest;
  std::copy_n(sum.digest().bytes.begin(), digest.size(), digest.begin());
  return digest;
}

std::string available(std::string_view content) {
  bundle::DigestSum sum(bundle::DigestAlgorithm::sha256);
  sum.add(content);
  const std::string text = sum.digest().repr_digest(); // "sha-256=:...:"
  return text.substr(text.find(':'));
}

Flow::Options options() {
  Flow::Options options = bundles();
  options.route.default_lifetime = std::chrono::seconds{600};
  options.route.compression.enabled = true;
  options.route.compression.dictionaries.enabled = true;
  options.forwarding.trusted_proxies = {"192.0.2.0/24"}; // which say that clients have TLS
  options.forwarding.fields = proxy::ForwardingFields::both;
  return options;
}

struct Ask {
  std::string has{};            // content of which the client says that it has it
  std::string scheme = "https"; // by which the client came
  std::string codings = "br, dcz";
  Fields fields{};
};

std::string target_of(int version) {
  return "/acme-ui@1.0." + std::to_string(version) + "/dist/a.js";
}

Answer get(Flow& flow, Client& client, const std::string& target, const Ask& ask,
           const std::string& content = {}) {
  Fields fields = ask.fields;
  fields.emplace_back("x-forwarded-proto", ask.scheme);
  fields.emplace_back("accept-encoding", ask.codings);
  if (!ask.has.empty()) fields.emplace_back("available-dictionary", available(ask.has));
  const std::size_t before = flow.origin().fetches();
  client.get(target, fields);
  if (flow.origin().fetches() > before) {
    CHECK_FALSE(flow.origin().last().fields.contains("available-dictionary"));
    flow.origin().answer(200, kScript, content);
  }
  return client.answer();
}

Answer get(Flow& flow, Client& client, int version, const Ask& ask = {}) {
  return get(flow, client, target_of(version), ask, version_of(version));
}

std::string coding_of(const Answer& answer) {
  const auto found = answer.fields.find("content-encoding");
  return found == answer.fields.end() ? "" : found->second;
}

// False: it has failed.
bool publish(Flow& flow, const BundleWorld& world, const std::string& name,
             const std::string& version) {
  proxy::ReleaseOrder order;
  order.bundles = {{name, version}};
  const auto progress = std::make_shared<proxy::ReleaseProgress>();
  flow.proxy().begin_release("https://node.test/", std::move(order), progress);
  world.answer(flow);
  flow.settle();
  return progress->view().state == proxy::ReleaseProgress::State::done;
}

std::uint64_t made(Flow& flow) {
  return flow.coding_jobs().counters(ContentCoding::dcz).variants.load();
}

} // namespace

TEST_CASE("who has a version gets the next as a difference, once somebody has asked",
          "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  const Answer old = get(flow, client, 1);
  CHECK(coding_of(old) == "br");
  CHECK(old.fields.at("use-as-dictionary") == R"(match="/acme-ui@*/dist/a.js")");
  CHECK(old.fields.at("vary") == "accept-encoding, available-dictionary");

  const Answer first = get(flow, client, 2, {version_of(1)});
  CHECK(coding_of(first) == "br"); // at once
  CHECK(first.fields.at("vary") == "accept-encoding, available-dictionary");

  const Answer next = get(flow, client, 2, {version_of(1)});
  CHECK(coding_of(next) == "dcz");
  CHECK(next.fields.at("cache-status").find("hit") != std::string::npos);
  CHECK(next.fields.at("vary") == "accept-encoding, available-dictionary");
  CHECK(next.fields.at("use-as-dictionary") == R"(match="/acme-ui@*/dist/a.js")");
  CHECK(next.content.size() < first.content.size() / 5);
  CHECK(next.fields.at("content-length") == std::to_string(next.content.size()));
  const auto back = decoded_by(version_of(1), digest_of(version_of(1)), next.content);
  REQUIRE(back);
  CHECK((*back == version_of(2)));

  CHECK(coding_of(get(flow, client, 2)) == "br"); // who has nothing
  CHECK(coding_of(get(flow, client, 2, {version_of(1), "https", "br"})) == "br");
  CHECK(coding_of(get(flow, client, 2, {version_of(1), "https", "br, dcz;q=0"})) == "br");
  CHECK(coding_of(get(flow, client, 2, {version_of(1), "https", "gzip, *"})) != "dcz");
  CHECK(coding_of(get(flow, client, 2, {version_of(1), "https", "identity"})).empty());
  CHECK(flow.origin().fetches() == 2);
  CHECK(made(flow) == 1);
  const proxy::CodedAnswers& sent =
      flow.proxy().counters().coded[static_cast<std::size_t>(ContentCoding::dcz)];
  CHECK(sent.answers.value() == 1);
  CHECK(sent.sent_bytes.value() == next.content.size());
  CHECK(sent.saved_bytes.value() == version_of(2).size() - next.content.size());
}

TEST_CASE("a difference has an entity tag of its own for each dictionary", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  const auto tagged = [&](int version, const Ask& ask) { return get(flow, client, version, ask); };
  tagged(1, {});
  tagged(2, {});
  tagged(3, {version_of(1)});
  tagged(3, {version_of(2)});
  const Answer by_one = tagged(3, {version_of(1)});
  const Answer by_two = tagged(3, {version_of(2)});
  CHECK(coding_of(by_one) == "dcz");
  CHECK(coding_of(by_two) == "dcz");
  CHECK(by_one.fields.at("etag").starts_with("\"v-dcz-"));
  CHECK(by_one.fields.at("etag") != by_two.fields.at("etag"));
  CHECK(decoded_by(version_of(2), digest_of(version_of(2)), by_two.content) == version_of(3));
  const Answer same =
      tagged(3, {version_of(1), "https", "br, dcz", {{"if-none-match", by_one.fields.at("etag")}}});
  CHECK(same.status == 304);
  CHECK(same.fields.at("vary") == "accept-encoding, available-dictionary");
}

TEST_CASE("cleartext has no dictionaries", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  for (int turn = 0; turn < 3; ++turn) {
    for (const int version : {1, 2}) {
      const Answer answer = get(flow, client, version, {version_of(1), "http"});
      CHECK(coding_of(answer) == "br");
      CHECK_FALSE(answer.fields.contains("use-as-dictionary"));
      CHECK(answer.fields.at("vary") == "accept-encoding");
    }
  }
  CHECK(made(flow) == 0);
  // Nor does what others got over TLS help them.
  get(flow, client, 1);
  get(flow, client, 2, {version_of(1)});
  CHECK(coding_of(get(flow, client, 2, {version_of(1)})) == "dcz");
  CHECK(coding_of(get(flow, client, 2, {version_of(1), "http"})) == "br");
}

TEST_CASE("what is not known as a dictionary of that asset is none", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2);
  const std::string other = version_of(7);
  get(flow, client, "/acme-ui@1.0.1/dist/b.js", {}, other);            // another path
  get(flow, client, "/acme-icons@1.0.1/dist/a.js", {}, version_of(8)); // another bundle
  get(flow, client, "/acme-ui@1.0.1/dist/a.js?x", {}, version_of(9));  // with a query
  for (const std::string& has : {other, version_of(8), version_of(9), std::string("unheard of")}) {
    for (int turn = 0; turn < 2; ++turn) CHECK(coding_of(get(flow, client, 2, {has})) == "br");
  }
  CHECK(made(flow) == 0);
  CHECK(flow.differences().counters().unknown.load() == 8);
}

TEST_CASE("a dictionary that was purged is not known any more", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2);
  base::Arena arena;
  flow.store().remove(
      cache::make_cache_key("https", "node.test", "/acme-ui/1.0.1/dist/a.js", arena));
  for (int turn = 0; turn < 3; ++turn) {
    CHECK(coding_of(get(flow, client, 2, {version_of(1)})) == "br");
  }
  CHECK(made(flow) == 0);
  CHECK(flow.differences().counters().unknown.load() >= 3);
  // It may come back.
  get(flow, client, 1);
  get(flow, client, 2, {version_of(1)});
  CHECK(coding_of(get(flow, client, 2, {version_of(1)})) == "dcz");
}

TEST_CASE("a difference that saves too little is not kept, nor tried again", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  get(flow, client, "/acme-ui@1.0.1/dist/a.js", {}, version_of(1));
  std::string other;
  for (int i = 0; i < 800; ++i) other += std::to_string(i * 7919) + " is something else\n";
  for (int turn = 0; turn < 4; ++turn) {
    const Answer answer = get(flow, client, "/acme-ui@1.0.2/dist/a.js", {version_of(1)}, other);
    CHECK(coding_of(answer) == "br");
  }
  CHECK(made(flow) == 0);
  CHECK(flow.differences().counters().too_large.load() == 1);
}

TEST_CASE("pages that may not read the answer get no difference", "[flow][dictionary]") {
  Flow::Options with = options();
  const bool is_allowed = GENERATE(false, true);
  if (is_allowed) with.route.response_headers.set = {{"access-control-allow-origin", "*"}};
  Flow flow(with);
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2, {version_of(1)});
  const auto coding = [&](const Fields& fields) {
    return coding_of(get(flow, client, 2, {version_of(1), "https", "br, dcz", fields}));
  };
  CHECK(coding({{"sec-fetch-site", "same-origin"}, {"sec-fetch-mode", "no-cors"}}) == "dcz");
  CHECK(coding({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}) == "dcz");
  CHECK(coding({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "no-cors"}}) == "br");
  CHECK(coding({{"sec-fetch-site", "same-site"},
                {"sec-fetch-mode", "cors"},
                {"origin", "https://shop.test"}}) == (is_allowed ? "dcz" : "br"));
}

TEST_CASE("of many versions the differences of an asset are bounded", "[flow][dictionary]") {
  Flow::Options with = options();
  with.route.default_lifetime = std::chrono::hours{24};
  Flow flow(with);
  auto client = flow.connect();
  constexpr int kVersions = 12;
  for (int version = 1; version <= kVersions; ++version) get(flow, client, version);
  const int last = kVersions + 1;
  for (int version = 1; version <= kVersions; ++version) {
    get(flow, client, last, {version_of(version)});
    const Answer answer = get(flow, client, last, {version_of(version)});
    CHECK(coding_of(answer) == "dcz");
  }
  base::Arena arena;
  const auto key = cache::make_cache_key("https", "node.test", "/acme-ui/1.0.13/dist/a.js", arena);
  const auto kept = flow.store().variants(key);
  CHECK(std::ranges::count_if(kept, [](const auto& one) { return one->dictionary() != nullptr; }) ==
        8);
  // What went is not made again at once: else who has many versions has one made after the other.
  const std::uint64_t before = made(flow);
  for (int turn = 0; turn < 2; ++turn) {
    CHECK(coding_of(get(flow, client, last, {version_of(1)})) == "br");
  }
  CHECK(made(flow) == before);
  flow.advance(std::chrono::minutes{11});
  auto later = flow.connect();
  get(flow, later, last, {version_of(1)});
  CHECK(coding_of(get(flow, later, last, {version_of(1)})) == "dcz");
}

TEST_CASE("differences go with what they were made of, and stay when that is confirmed",
          "[flow][dictionary]") {
  Flow::Options with = options();
  with.route.default_lifetime = std::chrono::seconds{10};
  Flow flow(with);
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2, {version_of(1)});
  REQUIRE(coding_of(get(flow, client, 2, {version_of(1)})) == "dcz");
  flow.advance(std::chrono::seconds{20});
  const Ask ask{version_of(1)};
  client.get(target_of(2), {{"x-forwarded-proto", "https"},
                            {"accept-encoding", "br, dcz"},
                            {"available-dictionary", available(ask.has)}});
  flow.origin().answer(304, {}, "");
  CHECK(coding_of(client.answer()) == "dcz");
  CHECK(coding_of(get(flow, client, 2, ask)) == "dcz");
  CHECK(made(flow) == 1);

  base::Arena arena;
  flow.store().remove(
      cache::make_cache_key("https", "node.test", "/acme-ui/1.0.2/dist/a.js", arena));
  const Answer changed = get(flow, client, target_of(2), ask, version_of(5));
  CHECK(coding_of(changed) == "br");
  const Answer then = get(flow, client, target_of(2), ask, version_of(5));
  CHECK(coding_of(then) == "dcz");
  CHECK(decoded_by(version_of(1), digest_of(version_of(1)), then.content) == version_of(5));
}

TEST_CASE("what is no digest is no dictionary", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2);
  std::string good = available(version_of(1));
  const std::string text = GENERATE_COPY(good.substr(1), good.substr(0, good.size() - 1),
                                         ":" + good, "::", ":=:", std::string(46, ':'),
                                         ":" + std::string(44, '!') + ":", good + ", " + good);
  for (int turn = 0; turn < 2; ++turn) {
    const Answer answer =
        get(flow, client, target_of(2), {"", "https", "br, dcz", {{"available-dictionary", text}}});
    CHECK(coding_of(answer) == "br");
  }
  CHECK(made(flow) == 0);
}

TEST_CASE("content that a manifest vouches for is a dictionary, too", "[flow][dictionary]") {
  Flow::Options with = options();
  with.route.bundles.integrity = proxy::Integrity::verify;
  with.max_object = 8 << 20;
  const auto algorithm = GENERATE(bundle::DigestAlgorithm::sha256, bundle::DigestAlgorithm::sha384,
                                  bundle::DigestAlgorithm::sha512);
  Flow flow(with);
  auto client = flow.connect();
  const auto ask = [&](int version, const Ask& how) {
    client.get(target_of(version), {{"x-forwarded-proto", "https"},
                                    {"accept-encoding", "br, dcz"},
                                    {"available-dictionary", available(how.has)}});
    while (const ScriptedOrigin::Fetch* fetch = flow.origin().waiting()) {
      const std::string content = version_of(version);
      bundle::DigestSum sum(algorithm);
      sum.add(content);
      const std::string manifest =
          R"({"name": "acme-ui", "version": "1.0.)" + std::to_string(version) +
          R"(", "assets": [{"path": "dist/a.js", "size": )" + std::to_string(content.size()) +
          R"(, "integrity": ")" + sum.digest().integrity() + R"("}]})";
      flow.origin().answer(200, kPlain,
                           fetch->target.ends_with("bundle.json") ? manifest : content);
      flow.settle();
    }
    return client.answer();
  };
  CHECK(ask(1, {"nothing"}).fields.contains("use-as-dictionary"));
  ask(2, {version_of(1)});
  const Answer answer = ask(2, {version_of(1)});
  CHECK(coding_of(answer) == "dcz");
  CHECK(decoded_by(version_of(1), digest_of(version_of(1)), answer.content) == version_of(2));
}

TEST_CASE("at a release differences are made from the version that clients have",
          "[flow][dictionary]") {
  Flow::Options with = options();
  with.route.bundles.integrity = proxy::Integrity::verify;
  with.max_object = 8 << 20;
  Flow flow(with);
  BundleWorld world;
  world.common = version_of(1);
  world.add("ui", "1.0.0");
  world.add("ui", "1.0.1");
  REQUIRE(publish(flow, world, "ui", "1.0.0"));
  CHECK(made(flow) == 0);
  REQUIRE(publish(flow, world, "ui", "1.0.1"));
  CHECK(made(flow) == 1);
  auto client = flow.connect();
  const std::size_t before = flow.origin().fetches();
  const Answer answer = get(flow, client, "/ui@1.0.1/a.js", {world.files.at("/ui/1.0.0/a.js")});
  CHECK(coding_of(answer) == "dcz");
  CHECK(answer.content.size() < 200);
  CHECK(flow.origin().fetches() == before);
}

TEST_CASE("Vary says what a variant was chosen by, whatever the origin says",
          "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  const char* const vary = GENERATE("Accept-Encoding", "accept-encoding, accept-language",
                                    "Available-Dictionary, Accept-Encoding");
  const auto ask = [&](int version, const std::string& has) {
    const std::size_t before = flow.origin().fetches();
    client.get(target_of(version), {{"x-forwarded-proto", "https"},
                                    {"accept-encoding", "br, dcz"},
                                    {"available-dictionary", available(has)}});
    if (flow.origin().fetches() > before) {
      flow.origin().answer(200, {{"content-type", "text/javascript"}, {"vary", vary}},
                           version_of(version));
    }
    return client.answer();
  };
  const auto names = [](const Answer& answer, std::string_view name) {
    std::string text = answer.fields.at("vary");
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    std::size_t count = 0;
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      ++count;
    }
    return count;
  };
  ask(1, "x");
  ask(2, version_of(1));
  const Answer answer = ask(2, version_of(1));
  REQUIRE(coding_of(answer) == "dcz");
  CHECK(names(answer, "accept-encoding") == 1);
  CHECK(names(answer, "available-dictionary") == 1);
  const Answer other = ask(2, "x");
  REQUIRE(coding_of(other) == "br");
  CHECK(names(other, "accept-encoding") == 1);
  CHECK(names(other, "available-dictionary") == 1);
}

TEST_CASE("the same content fetched again keeps its variants", "[flow][dictionary]") {
  Flow::Options with = options();
  with.route.default_lifetime = std::chrono::seconds{10};
  Flow flow(with);
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2, {version_of(1)});
  REQUIRE(coding_of(get(flow, client, 2, {version_of(1)})) == "dcz");
  flow.advance(std::chrono::seconds{20});
  const std::size_t before = flow.origin().fetches();
  get(flow, client, 2, {version_of(1)});
  for (int turn = 0; turn < 3; ++turn) {
    for (const char* codings : {"br, dcz", "br", "identity"}) {
      const Answer answer = get(flow, client, 2, {version_of(1), "https", codings});
      CHECK(answer.fields.at("cache-status").find("; hit") != std::string::npos);
    }
  }
  CHECK(coding_of(get(flow, client, 2, {version_of(1)})) == "dcz");
  CHECK(flow.origin().fetches() == before + 1);
  CHECK(made(flow) == 1);
}

TEST_CASE("ranges and HEAD are of the difference that is taken", "[flow][dictionary]") {
  Flow flow(options());
  auto client = flow.connect();
  get(flow, client, 1);
  get(flow, client, 2, {version_of(1)});
  const Answer whole = get(flow, client, 2, {version_of(1)});
  REQUIRE(coding_of(whole) == "dcz");
  const Answer part =
      get(flow, client, 2, {version_of(1), "https", "br, dcz", {{"range", "bytes=10-19"}}});
  CHECK(part.status == 206);
  CHECK(coding_of(part) == "dcz");
  CHECK(part.content == whole.content.substr(10, 10));
  client.request("HEAD", target_of(2),
                 {{"x-forwarded-proto", "https"},
                  {"accept-encoding", "br, dcz"},
                  {"available-dictionary", available(version_of(1))}});
  const Answer head = client.answer("HEAD");
  CHECK(coding_of(head) == "dcz");
  CHECK(head.fields.at("content-length") == std::to_string(whole.content.size()));
}

TEST_CASE("a release that changes nothing makes nothing", "[flow][dictionary]") {
  Flow::Options with = options();
  with.route.bundles.integrity = proxy::Integrity::verify;
  with.max_object = 8 << 20;
  Flow flow(with);
  BundleWorld world;
  world.common = version_of(1);
  for (const char* version : {"1.0.0", "1.0.1"}) world.add("ui", version);
  world.add("icons", "1.0.0");
  REQUIRE(publish(flow, world, "ui", "1.0.0"));
  REQUIRE(publish(flow, world, "ui", "1.0.1"));
  CHECK(made(flow) == 1);
  flow.advance(std::chrono::minutes{11});
  REQUIRE(publish(flow, world, "icons", "1.0.0"));
  CHECK(made(flow) == 1);
}
