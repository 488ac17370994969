// How long the resolver believes the answers of a DNS server that the test plays.
#include <tests/support/catch.hpp>
#include <tests/support/resolver_node.hpp>

#include <chrono>
#include <string>

using namespace selvedge;
using test::DnsServer;
using test::failure;
using test::silence;
using Node = test::ResolverNode;
using Question = DnsServer::Question;

namespace {

constexpr std::chrono::seconds operator""_s(unsigned long long n) {
  return std::chrono::seconds(n);
}

} // namespace

TEST_CASE("an answer is used for its time to live, within bounds", "[net][resolver]") {
  struct Row {
    std::uint32_t ttl;
    std::chrono::seconds used_for;
  };
  const auto [ttl, used_for] =
      GENERATE(values<Row>({{60, 60_s}, {0, 1_s}, {100'000, 3600_s}, {0xFFFF'FFFF, 1_s}}));
  CAPTURE(ttl);
  Node node;
  node.dns.reply = [ttl = ttl](const Question& question) {
    return question.addresses({"192.0.2.1"}, ttl);
  };
  REQUIRE(node.resolve("app.test") == "192.0.2.1");
  node.advance(used_for - std::chrono::milliseconds(1));
  CHECK(node.resolve("app.test") == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 1);
  CHECK(node.resolver->counters().stale.value() == 0);
  node.advance(std::chrono::milliseconds(1));
  CHECK(node.resolve("app.test") == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 2);
  CHECK(node.resolver->counters().stale.value() == 1);
}

TEST_CASE("RFC 8767, 5: an old answer is used while the new one is awaited", "[net][resolver]") {
  Node node;
  REQUIRE(node.resolve("app.test") == "192.0.2.1");
  node.dns.reply = [](const Question& question) { return question.addresses({"192.0.2.2"}, 60); };
  node.advance(60_s);
  CHECK(Node::text_of(*node.begin("app.test")) == "192.0.2.1"); // at once
  node.run_until([&] { return Node::text_of(*node.begin("app.test")) == "192.0.2.2"; });
  CHECK(node.resolve("app.test") == "192.0.2.2");
  CHECK(node.resolver->counters().questions.value() == 2);
}

TEST_CASE("RFC 8767: an outage of the DNS is none of the servers, for a while", "[net][resolver]") {
  Node node;
  REQUIRE(node.resolve("app.test") == "192.0.2.1");
  node.dns.reply = GENERATE(as<DnsServer::Reply>(), failure, silence);
  node.advance(60_s);
  CHECK(node.resolve("app.test") == "192.0.2.1");
  node.await_questions(1);
  CHECK(node.resolve("app.test") == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 2); // not again within a second
  node.advance(29_s);
  CHECK(node.resolve("app.test") == "192.0.2.1");
  node.await_questions(2);
  node.advance(1_s);
  CHECK(node.resolve("app.test") == "name_not_resolved");
  node.dns.reply = [](const Question& question) { return question.addresses({"192.0.2.3"}, 60); };
  node.advance(1_s);
  CHECK(node.resolve("app.test") == "192.0.2.3");
}

TEST_CASE("RFC 8767, 4: that a name is gone is an answer", "[net][resolver]") {
  Node node;
  REQUIRE(node.resolve("app.test") == "192.0.2.1");
  node.dns.reply = [](const Question& question) { return question.status(DnsServer::kNoSuchName); };
  node.advance(60_s);
  CHECK(node.resolve("app.test") == "192.0.2.1");
  node.await_questions(1);
  CHECK(node.resolve("app.test") == "name_not_resolved");
}

TEST_CASE("that there is no answer is believed for a second", "[net][resolver]") {
  Node node;
  const auto reply = GENERATE(
      as<DnsServer::Reply>(), failure,
      [](const Question& question) { return question.status(DnsServer::kNoSuchName); },
      [](const Question& question) { return question.addresses({}, 60); });
  node.dns.reply = reply;
  const auto answer = node.begin("no.test.");
  CHECK(node.await(answer) == "name_not_resolved");
  CHECK((*answer)->error().source == base::ErrorSource::upstream);
  CHECK((*answer)->error().retry == base::Retry::yes);
  CHECK(node.resolve("no.test.") == "name_not_resolved");
  CHECK(node.resolver->counters().questions.value() == 1);
  node.dns.reply = [](const Question& question) { return question.addresses({"192.0.2.4"}, 60); };
  node.advance(1_s);
  CHECK(node.resolve("no.test.") == "192.0.2.4");
}

TEST_CASE("answers that flap are followed; bursts of failures are not", "[net][resolver]") {
  Node node;
  unsigned round = 0;
  node.dns.reply = [&](const Question& question) {
    if (round % 3 == 2) return failure(question);
    return question.addresses({round % 3 == 1 ? "192.0.2.2" : "192.0.2.1"}, 1);
  };
  std::string last = node.resolve("app.test");
  std::uint64_t failures = 0;
  for (round = 1; round < 30; ++round) {
    CAPTURE(round);
    node.advance(1_s);
    CHECK(node.resolve("app.test") == last); // and a question
    if (round % 3 == 2) {
      node.await_questions(++failures);
    } else {
      last = round % 3 == 1 ? "192.0.2.2" : "192.0.2.1";
      node.run_until([&] { return Node::text_of(*node.begin("app.test")) == last; });
    }
    CHECK(node.resolve("app.test") == last);
  }
  CHECK(node.resolver->counters().questions.value() == 30);
}
