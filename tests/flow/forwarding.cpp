// What origins are told, what rules change, and what the log says of a fetch.
#include "tests/support/catch.hpp"
#include "tests/support/flow.hpp"

#include <selvedge/http/server_timing.hpp>

using namespace selvedge;
using proxy::AccessRecord;
using test::Answer;
using test::Client;
using test::Flow;
using namespace std::chrono_literals;

namespace {

const std::string kPeer = "192.0.2.1"; // of every client here
const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSent = "00-" + kTrace + "-00f067aa0ba902b7-01";

// The oldest record, which is taken off.
AccessRecord logged(Flow& flow) {
  const AccessRecord* record = flow.log().front();
  REQUIRE(record != nullptr);
  const AccessRecord copy = *record;
  flow.log().pop();
  return copy;
}

std::string text(const AccessRecord& record, AccessRecord::Part part) {
  return std::string(record.get(part));
}

} // namespace

TEST_CASE("what clients say of themselves is replaced") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"X-Forwarded-For", "10.0.0.1"}, {"Forwarded", "for=10.0.0.1"}});
  const auto& fields = flow.origin().last().fields;
  CHECK(fields.at("x-forwarded-for") == kPeer);
  CHECK(fields.at("x-forwarded-host") == "node.test");
  CHECK_FALSE(fields.contains("forwarded"));
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::client) == kPeer);
}

TEST_CASE("what trusted proxies say is continued, and the log names the client") {
  Flow::Options options;
  options.forwarding.trusted_proxies = {"192.0.2.0/24"};
  options.forwarding.fields = proxy::ForwardingFields::both;
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"X-Forwarded-For", "10.0.0.1, 203.0.113.9"}, {"X-Forwarded-Proto", "https"}});
  const auto& fields = flow.origin().last().fields;
  CHECK(fields.at("x-forwarded-for") == "10.0.0.1, 203.0.113.9, " + kPeer);
  CHECK(fields.at("x-forwarded-proto") == "https");
  CHECK(fields.at("forwarded") == "for=192.0.2.1;host=node.test;proto=http");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::client) == "203.0.113.9");
  client.get("/a", {{"X-Forwarded-For", "203.0.113.10"}, {"X-Forwarded-Proto", "https"}}); // a hit
  client.answer();
  CHECK(text(logged(flow), AccessRecord::client) == "203.0.113.10");
}

TEST_CASE("what trusted proxies say of scheme and host tells answers apart") {
  Flow::Options options;
  options.forwarding.trusted_proxies = {"192.0.2.0/24"};
  Flow flow(options);
  Client client = flow.connect();
  const test::Fields fresh{{"cache-control", "max-age=60"}};
  client.get("/a", {{"X-Forwarded-Proto", "https"}});
  flow.origin().answer(200, fresh, "secure");
  client.answer();
  client.get("/a", {{"X-Forwarded-Proto", "http"}});
  flow.origin().answer(301, fresh, "to the secure one");
  client.answer();
  client.get("/a", {{"X-Forwarded-Host", "other.test"}});
  flow.origin().answer(200, fresh, "of another host");
  client.answer();
  client.get("/a", {{"X-Forwarded-Proto", "https"}});
  CHECK(client.answer().content == "secure");
  client.get("/a", {{"X-Forwarded-Proto", "nonsense"}}); // nothing is said
  CHECK(client.answer().status == 301);
  client.get("/a", {{"X-Forwarded-Host", "OTHER.test:80"}});
  CHECK(client.answer().content == "of another host");
  flow.purge({.urls = {"http://node.test/a"}});
  client.get("/a", {{"X-Forwarded-Host", "other.test"}});
  REQUIRE(flow.origin().waiting() != nullptr);
  flow.origin().answer(200, fresh, "new");
  CHECK(client.answer().content == "new");
}

TEST_CASE("so does what they say of them in Forwarded, where origins see it") {
  Flow::Options options;
  options.forwarding.trusted_proxies = {"192.0.2.0/24"};
  options.forwarding.fields =
      GENERATE(proxy::ForwardingFields::forwarded, proxy::ForwardingFields::both);
  Flow flow(options);
  Client client = flow.connect();
  const auto ask = [&](const char* forwarded, const char* fresh) {
    client.get("/a", {{"Forwarded", forwarded}});
    if (flow.origin().waiting() != nullptr) {
      flow.origin().answer(200, {{"cache-control", "max-age=60"}}, fresh);
    }
    return client.answer().content;
  };
  CHECK(ask("for=203.0.113.9", "own") == "own");
  CHECK(ask("for=203.0.113.10; Host=NODE.test ;proto=http;by=10.0.0.1", "-") == "own");
  CHECK(ask("for=203.0.113.9;host=other.test;proto=http", "other") == "other");
  CHECK(ask("for=203.0.113.9;host=\"a;for=b\"", "quoted") == "quoted");
  CHECK(ask("for=203.0.113.9;host=\"a;for=c\"", "another") == "another");
  // An origin that does not care about quotes might find a host here.
  CHECK(ask("for=\"x;host=evil\", for=203.0.113.9", "hidden") == "hidden");
  CHECK(ask("for=x\";host=evil, for=203.0.113.9", "unbalanced") == "unbalanced");
  CHECK(ask("for=203.0.113.9;xhost=evil", "searched") == "searched");
  CHECK(ask("for=203.0.113.9;x-PROTO=https", "searched, too") == "searched, too");
  CHECK(ask("for=203.0.113.9;\xa0host=evil", "trimmed") == "trimmed");
  CHECK(ask("a\"b;host=evil", "split") == "split");
  CHECK(ask("for=203.0.113.9;host=\"node.test\"", "with quotes") == "with quotes");
  CHECK(ask("for=203.0.113.9;proto=https", "secure") == "secure");
  CHECK(ask("for=203.0.113.9;proto=http, for=10.0.0.1;proto=https", "both") == "both");
  CHECK(ask("for=203.0.113.11;id=4711;proto=https, for=\"[::1]:80\"", "-") == "secure");
  CHECK(ask("for=203.0.113.12;host=other.test;proto=http", "-") == "other");

  // Who names the URL means all of them.
  flow.purge({.urls = {"http://node.test/a"}});
  CHECK(ask("for=203.0.113.9", "new") == "new");
  CHECK(ask("for=203.0.113.9;host=other.test", "new other") == "new other");
  CHECK(ask("for=203.0.113.9;proto=https", "-") == "secure"); // it has another URL
  flow.purge({.urls = {"https://node.test/a"}});
  CHECK(ask("for=203.0.113.9;proto=https", "new secure") == "new secure");
}

TEST_CASE("a host has one spelling, for the key and for the origin") {
  Flow flow;
  Client client = flow.connect();
  client.send("GET /a HTTP/1.1\r\nHost: A.Test:80\r\n\r\n");
  CHECK(flow.origin().last().fields.at("x-forwarded-host") == "a.test");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  client.answer();
  for (const char* host : {"a.test", "a.test:", "a.TEST:80"}) {
    client.send("GET /a HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    CHECK(client.answer().content == "one");
  }
}

TEST_CASE("a client's trace passes unchanged where the route takes no part") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a", {{"traceparent", kSent}, {"tracestate", "a=1"}});
  CHECK(flow.origin().last().fields.at("traceparent") == kSent);
  CHECK(flow.origin().last().fields.at("tracestate") == "a=1");
  client.close();
  CHECK(text(logged(flow), AccessRecord::trace).empty());
}

TEST_CASE("a route that takes part in traces continues them, or begins one") {
  Flow::Options options;
  options.route.trace = true;
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"traceparent", kSent}, {"tracestate", "a=1"}});
  const std::string continued = flow.origin().last().fields.at("traceparent");
  CHECK(continued.substr(0, 36) == kSent.substr(0, 36));
  CHECK(continued.substr(36, 16) != kSent.substr(36, 16));
  CHECK(continued.substr(52) == "-01");
  CHECK(flow.origin().last().fields.at("tracestate") == "a=1");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "one");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::trace) == kTrace);

  client.get("/a", {{"traceparent", kSent}}); // nothing was fetched for it
  client.answer();
  CHECK(text(logged(flow), AccessRecord::trace).empty());

  client.get("/b", {{"traceparent", "rubbish"}, {"tracestate", "a=1"}});
  const std::string begun = flow.origin().last().fields.at("traceparent");
  CHECK(begun.size() == kSent.size());
  CHECK(begun.substr(3, 32) != kTrace);
  CHECK_FALSE(flow.origin().last().fields.contains("tracestate"));
  flow.origin().answer(200, {}, "two");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::trace) == begun.substr(3, 32));
}

TEST_CASE("rules change what the origin sees, and not what is cached for whom") {
  Flow::Options options;
  options.route.request_headers.set = {{"x-key", "secret"}};
  options.route.request_headers.remove = {"cookie"};
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a", {{"X-Key", "guess"}, {"Cookie", "a=1"}});
  CHECK(flow.origin().last().fields.at("x-key") == "secret");
  CHECK_FALSE(flow.origin().last().fields.contains("X-Key"));
  CHECK_FALSE(flow.origin().last().fields.contains("cookie"));
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"vary", "x-key"}}, "one");
  CHECK(client.answer().content == "one");
  client.get("/a", {{"X-Key", "other"}}); // RFC 9111, 4.1: by what the client sent
  CHECK(flow.origin().fetches() == 2);
}

TEST_CASE("rules change every answer, stored or not") {
  Flow::Options options;
  options.route.response_headers.set = {{"server", "edge"}};
  options.route.response_headers.add = {{"x-added", "1"}};
  options.route.response_headers.remove = {"x-powered-by"};
  Flow flow(options);
  Client client = flow.connect();
  const auto check = [](const Answer& answer) {
    CHECK(answer.fields.at("server") == "edge");
    CHECK(answer.fields.at("x-added") == "1");
    CHECK_FALSE(answer.fields.contains("x-powered-by"));
  };
  const test::Fields sent{{"cache-control", "max-age=60"},
                          {"etag", "\"1\""},
                          {"server", "app"},
                          {"content-type", "text/css"},
                          {"x-powered-by", "steam"}};
  client.get("/a");
  flow.origin().answer(200, sent, "0123456789");
  check(client.answer());
  client.get("/a");
  const Answer hit = client.answer();
  check(hit);
  CHECK(hit.content == "0123456789");
  CHECK(hit.fields.at("content-type") == "text/css");
  CHECK(hit.fields.at("content-length") == "10");
  CHECK(hit.fields.contains("age"));
  client.get("/a", {{"If-None-Match", "\"1\""}});
  const Answer confirmed = client.answer();
  CHECK(confirmed.status == 304);
  check(confirmed);
  client.get("/a", {{"Range", "bytes=2-3"}});
  const Answer part = client.answer();
  CHECK(part.status == 206);
  CHECK(part.content == "23");
  check(part);
  client.request("POST", "/a");
  flow.origin().answer(200, sent, "posted");
  check(client.answer());
  client.get("/broken");
  flow.origin().fail(base::ErrorCode::connect_refused);
  const Answer failed = client.answer();
  CHECK(failed.status == 502);
  check(failed);
}

TEST_CASE("a rule about the type of content leaves other content alone") {
  Flow::Options options;
  options.route.response_headers.set = {{"content-type", "text/x"}};
  Flow flow(options);
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}}, "0123456789");
  CHECK(client.answer().fields.at("content-type") == "text/x");
  client.get("/a", {{"Range", "bytes=0-1,4-5"}});
  CHECK(client.answer().fields.at("content-type").starts_with("multipart/byteranges"));
  client.get("/a", {{"Range", "bytes=0-1"}});
  CHECK(client.answer().fields.at("content-type") == "text/x");
  client.get("/a", {{"If-None-Match", "\"1\""}});
  CHECK_FALSE(client.answer().fields.contains("content-type"));
  client.get("/a", {{"Range", "bytes=20-"}}); // 416 has a content of its own
  CHECK(client.answer().fields.at("content-type").starts_with("text/plain"));
}

TEST_CASE("the log has what the origin says of its time, for those who caused a fetch") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200,
                       {{"cache-control", "max-age=60"},
                        {"server-timing", "db;dur=53.2;desc=\"x, y\""},
                        {"server-timing", "app ; dur=4 ; other=1"}},
                       "one");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::server_timing) == "db;dur=53.2;desc=\"x, y\", app;dur=4");
  client.get("/a");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::server_timing).empty());
}

TEST_CASE("of an answer that confirms, the log has what that one says") {
  Flow flow;
  Client client = flow.connect();
  const std::string stored = "old;dur=1";
  client.get("/a");
  flow.origin().answer(
      200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"server-timing", stored}}, "one");
  client.answer();
  CHECK(text(logged(flow), AccessRecord::server_timing) == stored);
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(304, {{"etag", "\"1\""}}, "");
  CHECK(client.answer().content == "one");
  CHECK(text(logged(flow), AccessRecord::server_timing).empty());
}

TEST_CASE("what is said behind the content counts too") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  const auto fetch = flow.origin().begin(200, {{"server-timing", "first;dur=1"}});
  fetch->trailers = {{"server-timing", "total;dur=9"}};
  flow.origin().piece(*fetch, "one");
  flow.origin().end(*fetch);
  CHECK(client.answer().content == "one");
  CHECK(text(logged(flow), AccessRecord::server_timing) == "first;dur=1, total;dur=9");
}

TEST_CASE("what an origin says too much of is left out of the log") {
  Flow flow;
  Client client = flow.connect();
  client.get("/" + std::string(800, 'a'));
  std::string many = "first;dur=1";
  for (int i = 0; i < 20; ++i) many += ", metric-with-a-name-" + std::to_string(i) + ";dur=1";
  flow.origin().answer(200, {{"server-timing", many}}, "one");
  client.answer();
  const AccessRecord record = logged(flow);
  CHECK(record.get(AccessRecord::target).size() == 801);
  http::ServerTimings timings;
  timings.add(record.get(AccessRecord::server_timing));
  REQUIRE_FALSE(timings.empty());
  CHECK(timings[0].name == "first");
  for (std::size_t i = 0; i < timings.size(); ++i) CHECK(timings[i].duration == 1.0);
}

TEST_CASE("what a server error that is not sent on says is in the log") {
  Flow flow;
  Client client = flow.connect();
  client.get("/a");
  flow.origin().answer(200, {{"cache-control", "max-age=60, stale-if-error=600"}}, "one");
  client.answer();
  logged(flow);
  flow.advance(61s);
  client.get("/a");
  flow.origin().answer(503, {{"server-timing", "busy;dur=7"}}, "");
  CHECK(client.answer().content == "one");
  CHECK(text(logged(flow), AccessRecord::server_timing) == "busy;dur=7");
}
