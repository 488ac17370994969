// Content that is coded here: once, for all who accept the coding.
#include "tests/support/catch.hpp"
#include "tests/support/coded.hpp"
#include "tests/support/flow.hpp"

using namespace selvedge;
using coding::ContentCoding;
using test::Answer;
using test::Client;
using test::Fields;
using test::Flow;

namespace {

const Fields kScript{{"cache-control", "max-age=600"},
                     {"content-type", "text/javascript; charset=utf-8"},
                     {"etag", "\"v1\""}};
const std::string kContent = [] {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "export const token" + std::to_string(i) + " = 1;\n";
  return text;
}();

Flow::Options options() {
  Flow::Options options;
  options.route.compression.enabled = true;
  return options;
}

Answer get(Client& client, const char* codings, Fields fields = {}) {
  if (codings != nullptr) fields.emplace_back("accept-encoding", codings);
  client.get("/a.js", fields);
  return client.answer();
}

// For the first request.
Answer fill(Flow& flow, Client& client, const char* codings, const Fields& answer = kScript) {
  client.get("/a.js", {{"accept-encoding", codings}});
  flow.origin().answer(200, answer, kContent);
  return client.answer();
}

std::string content_of(const Answer& answer) {
  const auto found = answer.fields.find("content-encoding");
  if (found == answer.fields.end()) return answer.content;
  const auto back = test::decoded(answer.content, *coding::content_coding_of(found->second));
  REQUIRE(back);
  CHECK(back->is_whole);
  return back->content;
}

std::uint64_t made(Flow& flow, ContentCoding coding) {
  return flow.coding_jobs().counters(coding).variants.load();
}

} // namespace

TEST_CASE("the first who accepts a coding gets it, and the next gets the same", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  client.get("/a.js", {{"accept-encoding", "gzip, br"}});
  CHECK(flow.origin().last().fields.at("accept-encoding") == "gzip");
  flow.origin().answer(200, kScript, kContent);
  const Answer first = client.answer();
  CHECK(first.fields.at("content-encoding") == "br");
  CHECK(first.fields.at("vary") == "accept-encoding");
  CHECK(first.fields.at("etag") == "\"v1-br\"");
  CHECK(first.fields.at("cache-status").find("fwd=uri-miss") != std::string::npos);
  CHECK(first.content.size() < kContent.size() / 4);
  CHECK(content_of(first) == kContent);

  const Answer second = get(client, "br");
  CHECK(second.fields.at("cache-status").find("hit") != std::string::npos);
  CHECK(second.fields.at("content-length") == std::to_string(first.content.size()));
  CHECK(second.content == first.content);

  const Answer plain = get(client, nullptr);
  CHECK_FALSE(plain.fields.contains("content-encoding"));
  CHECK(plain.fields.at("vary") == "accept-encoding");
  CHECK(plain.fields.at("etag") == "\"v1\"");
  CHECK(plain.content == kContent);

  const Answer other = get(client, "gzip;q=0.5");
  CHECK(other.fields.at("content-encoding") == "gzip");
  CHECK(other.fields.at("cache-status").find("hit") != std::string::npos);
  CHECK(content_of(other) == kContent);
  CHECK(flow.origin().fetches() == 1);
  CHECK(made(flow, ContentCoding::br) == 1);
  CHECK(made(flow, ContentCoding::gzip) == 1);
}

TEST_CASE("a hundred who ask at once have it made once", "[flow][coding]") {
  Flow flow(options());
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(flow.connect());
    clients.back().get("/a.js", {{"accept-encoding", i % 2 == 0 ? "br" : "zstd"}});
  }
  flow.origin().answer(200, kScript, kContent);
  for (Client& client : clients) CHECK(content_of(client.answer()) == kContent);
  CHECK(flow.origin().fetches() == 1);
  CHECK(made(flow, ContentCoding::br) == 1);
  CHECK(made(flow, ContentCoding::zstd) == 1);
}

TEST_CASE("a variant streams while the content comes", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  client.get("/a.js", {{"accept-encoding", "gzip"}});
  const auto fetch = flow.origin().begin(200, kScript);
  flow.settle();
  CHECK(client.has_answer()); // the head
  std::string whole;
  for (int i = 0; i < 30; ++i) {
    whole += kContent;
    flow.origin().piece(*fetch, kContent);
    flow.settle();
  }
  flow.origin().end(*fetch);
  CHECK((content_of(client.answer()) == whole));
}

TEST_CASE("content that is cut off is not stored in any coding", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  client.get("/a.js", {{"accept-encoding", "gzip"}});
  const auto fetch = flow.origin().begin(200, kScript, kContent.size());
  flow.settle();
  flow.origin().piece(*fetch, kContent.substr(0, 2000));
  flow.settle();
  flow.origin().cut(*fetch);
  flow.settle();
  CHECK(client.is_closed());
  CHECK(flow.store().stats().objects == 0);
  auto other = flow.connect();
  CHECK(content_of(fill(flow, other, "gzip")) == kContent);
}

TEST_CASE("what is not coded", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  SECTION("a type that does not compress") {
    const Answer answer =
        fill(flow, client, "br", {{"cache-control", "max-age=60"}, {"content-type", "image/png"}});
    CHECK_FALSE(answer.fields.contains("content-encoding"));
    CHECK_FALSE(answer.fields.contains("vary"));
  }
  SECTION("RFC 9110, 7.7: what says no-transform") {
    const Answer answer =
        fill(flow, client, "br",
             {{"cache-control", "max-age=60, no-transform"}, {"content-type", "text/css"}});
    CHECK(answer.content == kContent);
  }
  SECTION("little") {
    client.get("/a.js", {{"accept-encoding", "br"}});
    flow.origin().answer(200, kScript, "let a;");
    CHECK(client.answer().content == "let a;");
  }
  SECTION("what is not stored goes as the origin coded it to who accepts that") {
    const std::string coded = test::coded(kContent, ContentCoding::gzip);
    client.get("/a.js", {{"accept-encoding", "gzip"}});
    flow.origin().answer(
        200,
        {{"cache-control", "no-store"}, {"content-type", "text/css"}, {"content-encoding", "gzip"}},
        coded);
    const Answer answer = client.answer();
    CHECK(answer.fields.at("content-encoding") == "gzip");
    CHECK(answer.content == coded);
  }
  SECTION("what is not stored is decoded for who does not") {
    client.get("/a.js", {{"accept-encoding", "br"}});
    flow.origin().answer(
        200,
        {{"cache-control", "no-store"}, {"content-type", "text/css"}, {"content-encoding", "gzip"}},
        test::coded(kContent, ContentCoding::gzip));
    const Answer answer = client.answer();
    CHECK_FALSE(answer.fields.contains("content-encoding"));
    CHECK(answer.content == kContent);
  }
  CHECK(made(flow, ContentCoding::br) == 0);
}

TEST_CASE("what the origin has coded is coded anew, for everybody", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  Fields fields = kScript;
  fields.emplace_back("content-encoding", "gzip");
  fields.emplace_back("content-md5", "x");
  client.get("/a.js", {{"accept-encoding", "br"}});
  flow.origin().answer(200, fields, test::coded(kContent, ContentCoding::gzip));
  const Answer answer = client.answer();
  CHECK(answer.fields.at("content-encoding") == "br");
  CHECK_FALSE(answer.fields.contains("content-md5"));
  CHECK(content_of(answer) == kContent);
  CHECK(get(client, nullptr).content == kContent);
}

TEST_CASE("coded content of the origin that is bad is not stored", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  Fields fields = kScript;
  fields.emplace_back("content-encoding", "gzip");
  std::string coded = test::coded(kContent, ContentCoding::gzip);
  SECTION("cut") {
    coded.resize(coded.size() - 9);
  }
  SECTION("another byte") {
    coded[coded.size() - 6] ^= 1;
  }
  SECTION("more behind it") {
    coded += "junk";
  }
  client.get("/a.js");
  flow.origin().answer(200, fields, coded);
  CHECK(client.answer().status == 502); // nothing of it was shown yet
  CHECK(flow.store().stats().objects == 0);
}

TEST_CASE("a little that decodes to too much becomes a stream and is not stored",
          "[flow][coding]") {
  Flow flow(options()); // 1 MiB at most
  auto client = flow.connect();
  Fields fields = kScript;
  fields.emplace_back("content-encoding", "gzip");
  client.get("/a.js");
  flow.origin().answer(200, fields, test::coded(std::string(8u << 20, 'a'), ContentCoding::gzip));
  CHECK((client.answer().content == std::string(8u << 20, 'a')));
  CHECK(flow.store().stats().objects == 0);
}

TEST_CASE("who has a variant is told that it is the same", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  fill(flow, client, "br");
  CHECK(get(client, "br", {{"if-none-match", "\"v1-br\""}}).status == 304);
  CHECK(get(client, "br", {{"if-none-match", "\"v1\""}}).status == 200);
  const Answer same = get(client, "zstd", {{"if-none-match", "\"v1-zstd\""}});
  CHECK(same.status == 304);
  CHECK(same.fields.at("etag") == "\"v1-zstd\"");
  CHECK(same.fields.at("vary") == "accept-encoding");
  CHECK(made(flow, ContentCoding::zstd) == 0); // nobody needs it
}

TEST_CASE("RFC 9110, 14.2: a range is of the variant that is selected", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  const Answer whole = fill(flow, client, "gzip");
  const Answer part = get(client, "gzip", {{"range", "bytes=10-19"}});
  CHECK(part.status == 206);
  CHECK(part.content == whole.content.substr(10, 10));
  CHECK(part.fields.at("content-range") == "bytes 10-19/" + std::to_string(whole.content.size()));
  const Answer plain = get(client, nullptr, {{"range", "bytes=10-19"}});
  CHECK(plain.content == kContent.substr(10, 10));
  const Answer other = get(client, "gzip", {{"range", "bytes=10-19"}, {"if-range", "\"v1\""}});
  CHECK(other.status == 200); // of another representation
}

TEST_CASE("a confirmed response keeps its variants", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  const Answer first = fill(flow, client, "br");
  flow.advance(std::chrono::minutes(11));
  client = flow.connect(); // the other has been idle for too long
  client.get("/a.js", {{"accept-encoding", "br"}});
  CHECK(flow.origin().last().fields.at("if-none-match") == "\"v1\"");
  flow.origin().answer(304, {{"cache-control", "max-age=600"}, {"etag", "\"v1\""}}, "");
  const Answer again = client.answer();
  CHECK(again.fields.at("content-encoding") == "br");
  CHECK(again.content == first.content);
  CHECK(get(client, "br").content == first.content);
  CHECK(made(flow, ContentCoding::br) == 1);
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("variants of what has changed are gone", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  fill(flow, client, "br");
  flow.advance(std::chrono::minutes(11));
  client = flow.connect(); // the other has been idle for too long
  client.get("/a.js");
  Fields fields = kScript;
  fields.back().second = "\"v2\"";
  flow.origin().answer(200, fields, kContent + "// new");
  CHECK(client.answer().content == kContent + "// new");
  const Answer coded = get(client, "br");
  CHECK(coded.fields.at("etag") == "\"v2-br\"");
  CHECK(content_of(coded) == kContent + "// new");
  CHECK(flow.store().stats().objects == 2);
}

TEST_CASE("a purge ends all variants", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  fill(flow, client, "br");
  proxy::PurgeRequest purge;
  purge.urls.push_back("http://node.test/a.js");
  flow.purge(purge);
  CHECK(flow.store().stats().objects == 0);
  CHECK(content_of(fill(flow, client, "br")) == kContent);
}

TEST_CASE("stale content is served coded while it is confirmed", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  Fields fields = kScript;
  fields.front().second = "max-age=60, stale-while-revalidate=600";
  fill(flow, client, "br", fields);
  flow.advance(std::chrono::minutes(2));
  client = flow.connect();
  const Answer stale = get(client, "br");
  CHECK(stale.fields.at("content-encoding") == "br");
  flow.origin().answer(304, {{"etag", "\"v1\""}, {"cache-control", "max-age=60"}}, "");
  flow.settle();
  CHECK(get(client, "br").fields.at("cache-status").find("ttl=60") != std::string::npos);
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("who takes more gets better than what another has had made", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  fill(flow, client, "gzip");
  const Answer better = get(client, "gzip, br");
  CHECK(better.fields.at("content-encoding") == "br");
  CHECK(content_of(better) == kContent);
}

TEST_CASE("fields for one client reach it beside a variant", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  Fields fields = kScript;
  fields.front().second = "max-age=600, private=\"x-user\"";
  fields.emplace_back("x-user", "first");
  CHECK(fill(flow, client, "br", fields).fields.at("x-user") == "first");
  CHECK_FALSE(get(client, "br").fields.contains("x-user"));
}

TEST_CASE("what was purged softly is not made fresh by a variant", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  client.get("/a.js");
  flow.origin().answer(200, kScript, kContent);
  client.answer();
  proxy::PurgeRequest purge;
  purge.urls.push_back("http://node.test/a.js");
  purge.soft = true;
  flow.purge(purge);
  CHECK(content_of(get(client, "br", {{"cache-control", "max-stale"}})) == kContent);
  client.get("/a.js", {{"accept-encoding", "br"}});
  CHECK(flow.origin().fetches() == 2); // asked
  flow.origin().answer(304, {{"etag", "\"v1\""}, {"cache-control", "max-age=600"}}, "");
  CHECK(content_of(client.answer()) == kContent);
}

TEST_CASE("what is not to be stored any more ends variants, too", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  fill(flow, client, "br");
  flow.advance(std::chrono::minutes(11));
  client = flow.connect(); // the other has been idle for too long
  client.get("/a.js");
  flow.origin().answer(200, {{"cache-control", "private"}}, "yours");
  CHECK(client.answer().content == "yours");
  client.get("/a.js", {{"accept-encoding", "br"}, {"cache-control", "max-stale"}});
  flow.origin().answer(200, {{"cache-control", "private"}}, "mine");
  CHECK(client.answer().content == "mine");
}

TEST_CASE("HEAD says what GET would", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  fill(flow, client, "br");
  client.request("HEAD", "/a.js", {{"accept-encoding", "zstd"}});
  const Answer head = client.answer("HEAD");
  CHECK(head.fields.at("content-encoding") == "zstd");
  CHECK(head.fields.at("etag") == "\"v1-zstd\"");
}

TEST_CASE("the origin varies by something else, too", "[flow][coding]") {
  Flow flow(options());
  auto client = flow.connect();
  Fields fields = kScript;
  fields.emplace_back("vary", "accept-language");
  client.get("/a.js", {{"accept-encoding", "br"}, {"accept-language", "de"}});
  flow.origin().answer(200, fields, kContent + "de");
  const Answer german = client.answer();
  CHECK(german.fields.at("vary") == "accept-language, accept-encoding");
  CHECK(content_of(german) == kContent + "de");
  client.get("/a.js", {{"accept-encoding", "br"}, {"accept-language", "fr"}});
  flow.origin().answer(200, fields, kContent + "fr");
  CHECK(content_of(client.answer()) == kContent + "fr");
  CHECK(content_of(get(client, "br", {{"accept-language", "de"}})) == kContent + "de");
}
