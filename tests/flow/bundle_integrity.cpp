// Content of bundles is what the manifest of its version says, or it is nobody's.
#include <tests/support/bundle_flow.hpp>

#include <selvedge/bundle/integrity.hpp>

using namespace selvedge;
using namespace selvedge::test;
using namespace std::chrono_literals;

namespace {

const std::string kUrl = "/acme-ui@2.3.1/a.js";
const Fields kTagged{{"content-type", "text/javascript"}, {"etag", "\"origin's\""}};

Flow::Options verified(proxy::Integrity how = proxy::Integrity::verify) {
  Flow::Options options = bundles();
  options.route.bundles.integrity = how;
  options.max_object = 8 << 20;
  return options;
}

std::string digest_of(std::string_view content,
                      bundle::DigestAlgorithm algorithm = bundle::DigestAlgorithm::sha384) {
  bundle::DigestSum sum(algorithm);
  sum.add(content);
  return sum.digest().integrity();
}

std::string asset(const std::string& path, std::string_view content, std::size_t size) {
  return R"({"path": ")" + path + R"(", "size": )" + std::to_string(size) + R"(, "integrity": ")" +
         digest_of(content) + "\"}";
}

std::string manifest_of(const std::string& version, const std::string& assets) {
  return R"({"name": "acme-ui", "version": ")" + version + R"(", "assets": [)" + assets + "]}";
}

void answer_manifest(Flow& flow, const std::string& text, const std::string& version = "2.3.1") {
  REQUIRE(flow.origin().last().target == "/acme-ui/" + version + "/bundle.json");
  flow.origin().answer(200, kMinute, text);
  flow.settle();
}

std::uint64_t mismatched(Flow& flow) {
  return flow.proxy().counters().mismatched.value();
}

} // namespace

TEST_CASE("what the manifest says is served, with its digest", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl, {{"accept-encoding", "gzip"}});
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  REQUIRE(flow.origin().last().target == "/acme-ui/2.3.1/a.js");
  CHECK(flow.origin().last().fields.at("accept-encoding") == "identity");
  flow.origin().answer(200, kTagged, "content");
  const Answer first = client.answer();
  CHECK(first.content == "content");
  CHECK(first.fields.at("etag") == '"' + digest_of("content") + '"');
  CHECK(first.fields.at("repr-digest") == "sha-256=:7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=:");
  CHECK(flow.proxy().counters().verified.value() == 1);
  // For a year, whatever the origin says, and validated by that tag.
  flow.advance(24h * 300);
  client = flow.connect();
  client.get(kUrl, {{"if-none-match", first.fields.at("etag")}});
  CHECK(client.answer().status == 304);
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("content that is not what its manifest says is a 502 and not stored", "[flow][bundles]") {
  struct Case {
    std::string right, sent;
  };
  for (const Case& one : {Case{"content", "c0ntent"}, Case{"content", "conten"},
                          Case{"content", "contents"}, Case{"content", ""}, Case{"", "x"}}) {
    CAPTURE(one.sent);
    Flow flow(verified());
    auto client = flow.connect(), follower = flow.connect();
    client.get(kUrl);
    answer_manifest(flow, manifest_of("2.3.1", asset("a.js", one.right, one.right.size())));
    follower.get(kUrl);
    flow.origin().answer(200, kTagged, one.sent);
    const Answer answer = client.answer();
    CHECK(answer.status == 502);
    CHECK(answer.fields.at("proxy-status").find("http_protocol_error") != std::string::npos);
    CHECK(follower.answer().status == 502);
    CHECK(mismatched(flow) == 1);
    CHECK(flow.store().stats().objects == 1); // the manifest
    // Once it is mended there, it is served here.
    client.get(kUrl);
    flow.origin().answer(200, kTagged, one.right);
    CHECK(client.answer().content == one.right);
  }
}

TEST_CASE("the end of large content is not given out before it is known to be right",
          "[flow][bundles]") {
  const std::string right(3u << 20, 'x');
  std::string wrong = right;
  wrong.front() = 'y';
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", right, right.size())));
  const auto fetch = flow.origin().begin(200, kTagged, wrong.size());
  flow.origin().piece(*fetch, std::string_view(wrong).substr(0, wrong.size() - 1));
  flow.settle();
  CHECK(client.wire().from_node.find("HTTP/1.1 200") == 0);
  flow.origin().piece(*fetch, std::string_view(wrong).substr(wrong.size() - 1));
  flow.settle();
  CHECK(client.is_closed());
  CHECK(client.wire().from_node.find("HTTP/1.1 200") == 0);
  CHECK(mismatched(flow) == 1);
  CHECK(flow.store().stats().objects == 1);
  auto second = flow.connect();
  second.get(kUrl);
  flow.origin().answer(200, kTagged, right);
  CHECK(second.answer().content == right);
}

TEST_CASE("content that is coded is not what its manifest says", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  flow.origin().answer(200, {{"content-encoding", "gzip"}}, "content");
  CHECK(client.answer().status == 502);
}

TEST_CASE("what no manifest names is served, or not at all", "[flow][bundles]") {
  for (const proxy::Integrity how : {proxy::Integrity::verify, proxy::Integrity::require}) {
    CAPTURE(static_cast<int>(how));
    const bool is_served = how == proxy::Integrity::verify;
    Flow flow(verified(how));
    auto client = flow.connect();
    client.get("/acme-ui@2.3.1/b.js");
    answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
    if (is_served) flow.origin().answer(200, kPlain, "anything");
    CHECK(client.answer().status == (is_served ? 200 : 404));
    client.get("/acme-ui@2.3.0/a.js"); // without a manifest
    flow.origin().answer(404, {}, "");
    flow.settle();
    if (is_served) flow.origin().answer(200, kPlain, "anything");
    CHECK(client.answer().status == (is_served ? 200 : 404));
  }
}

TEST_CASE("a manifest that is wrong is a 502, and is looked at again", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl);
  answer_manifest(flow, manifest_of("2.3.0", asset("a.js", "content", 7))); // of another version
  CHECK(client.answer().status == 502);
  CHECK(flow.proxy().counters().manifests_bad.value() == 1);
  flow.advance(3s);
  client.get(kUrl);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  flow.origin().answer(200, kPlain, "content");
  CHECK(client.answer().status == 200);
}

TEST_CASE("an origin that is away before a manifest is known is a 502", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl);
  flow.origin().fail(base::ErrorCode::connect_refused);
  CHECK(client.answer().status == 502);
}

TEST_CASE("a range is answered from content that was verified as a whole", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl, {{"range", "bytes=2-3"}});
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  CHECK_FALSE(flow.origin().last().fields.contains("range"));
  flow.origin().answer(200, kPlain, "content");
  const Answer answer = client.answer();
  CHECK(answer.status == 206);
  CHECK(answer.content == "nt");
}

TEST_CASE("equal content of two versions is kept once", "[flow][bundles]") {
  const std::string content(200'000, 'x');
  Flow flow(verified());
  auto client = flow.connect();
  const auto fetch = [&](const std::string& version) {
    client.get("/acme-ui@" + version + "/a.js");
    answer_manifest(flow, manifest_of(version, asset("a.js", content, content.size())), version);
    flow.origin().answer(200, kTagged, content);
    CHECK(client.answer().content == content);
  };
  fetch("2.3.0");
  const std::size_t one = flow.store().stats().bytes;
  fetch("2.3.1");
  CHECK(flow.store().stats().objects == 4);
  CHECK(flow.store().stats().bytes - one < 10'000);
  CHECK(flow.store().contents().found() == 1);
  CHECK(flow.store().contents().size() == 1);
  // It stays as long as one of both does.
  base::Arena arena;
  CHECK(flow.store().remove(
            cache::make_cache_key("http", "node.test", "/acme-ui/2.3.0/a.js", arena)) == 1);
  client.get("/acme-ui@2.3.1/a.js");
  CHECK(client.answer().content == content);
  flow.store().clear();
  CHECK(flow.store().contents().size() == 0);
}

TEST_CASE("a digest says whether a client has what a selector stands for", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get("/acme-ui@^2/a.js");
  answer_index(flow);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  flow.origin().answer(200, kTagged, "content");
  const std::string tag = client.answer().fields.at("etag");
  const auto status = [&](const std::string& value) {
    client.get("/acme-ui@^2/a.js", {{"if-none-match", value}});
    return client.answer().status;
  };
  CHECK(status(tag) == 304);
  CHECK(status('"' + digest_of("another") + '"') == 200);
  CHECK(status("\"origin's\"") == 200);
  CHECK(status("*") == 200); // of whatever version
  CHECK(status(tag + ", \"x\"") == 200);
  // The same content in a new version is the same.
  flow.advance(61s);
  client = flow.connect();
  client.get("/acme-ui@latest/a.js", {{"if-none-match", tag}});
  answer_index(flow, kNewer);
  client.answer();
  client.get("/acme-ui@latest/a.js", {{"if-none-match", tag}});
  answer_manifest(flow, manifest_of("2.5.0", asset("a.js", "content", 7)), "2.5.0");
  flow.origin().answer(200, kTagged, "content");
  const Answer same = client.answer();
  CHECK(same.status == 304);
  CHECK(same.fields.at("content-location") == "/acme-ui@2.5.0/a.js");
}

TEST_CASE("an origin that refuses a manifest is a 502, and the node goes on", "[flow][bundles]") {
  for (const int status : {403, 500, 503, 301}) {
    CAPTURE(status);
    Flow flow(verified());
    auto client = flow.connect();
    client.get(kUrl);
    flow.origin().answer(static_cast<http::Status>(status), {}, "no");
    CHECK(client.answer().status == 502);
    client.get(kUrl);
    CHECK(client.answer().status == 502);
  }
}

TEST_CASE("what is not stored is compared, too", "[flow][bundles]") {
  const Fields not_stored{{"cache-control", "no-store"}};
  for (const proxy::Integrity how : {proxy::Integrity::verify, proxy::Integrity::require}) {
    Flow flow(verified(how));
    auto client = flow.connect();
    client.get(kUrl);
    answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
    flow.origin().answer(200, not_stored, "c0ntent");
    flow.settle();
    CHECK(client.wire().from_node.find("c0ntent") == std::string::npos);
    // Nor is what follows, whatever the client says.
    for (const Fields& fields : {Fields{}, Fields{{"cache-control", "no-store"}},
                                 Fields{{"if-match", "\"x\""}}, Fields{{"range", "bytes=0-6"}}}) {
      auto next = flow.connect();
      next.get(kUrl, fields);
      REQUIRE(flow.origin().waiting() != nullptr);
      flow.origin().answer(200, not_stored, "c0ntent");
      flow.settle();
      CHECK(next.wire().from_node.find("c0ntent") == std::string::npos);
    }
    client = flow.connect();
    client.get(kUrl);
    flow.origin().answer(200, not_stored, "content");
    CHECK(client.answer().content == "content");
  }
}

TEST_CASE("HEAD has the digest, and changes nothing that is stored", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.request("HEAD", kUrl);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  flow.origin().end(*flow.origin().begin(200, kTagged, 7));
  flow.settle();
  const Answer head = client.answer("HEAD");
  CHECK(head.fields.at("etag") == '"' + digest_of("content") + '"');
  client.get(kUrl);
  flow.origin().answer(200, kTagged, "content");
  CHECK(client.answer().fields.at("etag") == head.fields.at("etag"));
}

TEST_CASE("what came before its manifest is looked at again", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get(kUrl);
  flow.origin().answer(404, {}, ""); // the manifest
  flow.settle();
  flow.origin().answer(200, {{"cache-control", "max-age=99999"}}, "anything");
  CHECK(client.answer().content == "anything");
  flow.advance(11s);
  client = flow.connect();
  client.get(kUrl);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  flow.origin().answer(200, kTagged, "content");
  CHECK(client.answer().content == "content");
}

TEST_CASE("a part of another version is not put behind what a client has", "[flow][bundles]") {
  Flow flow(verified());
  auto client = flow.connect();
  client.get("/acme-ui@^2/a.js");
  answer_index(flow);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  flow.origin().answer(200, kTagged, "content");
  const std::string tag = client.answer().fields.at("etag");
  const auto status = [&](const std::string& value) {
    client.get("/acme-ui@^2/a.js", {{"range", "bytes=2-3"}, {"if-range", value}});
    return client.answer().status;
  };
  CHECK(status(tag) == 206);
  CHECK(status('"' + digest_of("another") + '"') == 200);
  CHECK(status("\"origin's\"") == 200);
}

TEST_CASE("only what was compared is confirmed by a 304", "[flow][bundles]") {
  Flow flow(verified());
  const Fields dated{{"last-modified", "Wed, 01 Oct 2025 00:00:00 GMT"}, {"etag", "\"x\""}};
  auto client = flow.connect();
  client.get(kUrl);
  flow.origin().answer(404, {}, ""); // no manifest yet
  flow.settle();
  flow.origin().answer(200, dated, "anything");
  CHECK(client.answer().fields.at("cache-control") == "public, max-age=10");
  flow.advance(11s);
  client = flow.connect();
  client.get(kUrl);
  answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
  CHECK_FALSE(flow.origin().last().fields.contains("if-modified-since"));
  CHECK_FALSE(flow.origin().last().fields.contains("if-none-match"));
  flow.origin().answer(200, dated, "content");
  CHECK(client.answer().content == "content");
  // From now on its date is enough, and what the origin says of lifetimes is not.
  client.get(kUrl, {{"cache-control", "no-cache"}});
  CHECK(flow.origin().last().fields.contains("if-modified-since"));
  CHECK_FALSE(flow.origin().last().fields.contains("if-none-match"));
  flow.origin().answer(304, {{"cache-control", "no-cache"}, {"etag", "\"x\""}}, "");
  CHECK(client.answer().fields.at("etag") == '"' + digest_of("content") + '"');
  const std::size_t fetches = flow.origin().fetches();
  flow.advance(24h * 300);
  client = flow.connect();
  client.get(kUrl);
  CHECK(client.answer().content == "content");
  CHECK(flow.origin().fetches() == fetches);
}

TEST_CASE("another success than 200 is not what a manifest speaks of", "[flow][bundles]") {
  for (const int status : {201, 203, 226}) {
    Flow flow(verified());
    auto client = flow.connect();
    client.get(kUrl);
    answer_manifest(flow, manifest_of("2.3.1", asset("a.js", "content", 7)));
    flow.origin().answer(static_cast<http::Status>(status), kTagged, "content");
    CHECK(client.answer().status == 502);
  }
}
