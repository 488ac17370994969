// The resolver against a DNS server that the test plays.
#include <tests/support/catch.hpp>
#include <tests/support/resolver_node.hpp>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace selvedge;
using test::DnsServer;
using test::failure;
using test::silence;
using Node = test::ResolverNode;
using Question = DnsServer::Question;

TEST_CASE("literal addresses are their own answer", "[net][resolver]") {
  const auto [host, expected] = GENERATE(table<std::string, std::string>({
      {"127.0.0.1", "127.0.0.1"},
      {"::1", "::1"},
      {"[2001:db8::1]", "2001:db8::1"},
  }));
  Node node;
  CHECK(node.resolve(host) == expected);
  CHECK(node.dns.asked() == 0);
  CHECK(node.resolver->counters().lookups.value() == 0);
}

TEST_CASE("RFC 6761, 6.3: localhost is this machine, without the DNS", "[net][resolver]") {
  Node node;
  const std::string found = node.resolve("localhost");
  CAPTURE(found);
  CHECK((found.find("127.0.0.1") != std::string::npos || found.find("::1") != std::string::npos));
  CHECK(node.dns.asked() == 0);
}

TEST_CASE("names of the hosts file need no DNS", "[net][resolver]") {
  Node node;
  std::ifstream file("/etc/hosts");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address, name;
    if (!(words >> address >> name)) continue;
    INFO("line: " << line);
    const std::string expected = boost::asio::ip::make_address(address).to_string();
    CHECK((" " + node.resolve(name) + " ").find(" " + expected + " ") != std::string::npos);
  }
  CHECK(node.dns.asked() == 0);
}

TEST_CASE("addresses of both families, in the order of the DNS", "[net][resolver]") {
  Node node;
  node.dns.reply = [](const Question& question) {
    return question.addresses({"192.0.2.9", "2001:db8::2", "192.0.2.1", "2001:db8::1"}, 60);
  };
  const std::string found = node.resolve("app.test");
  const bool is_ipv4_first = found.starts_with("192");
  CHECK(found == (is_ipv4_first ? "192.0.2.9 192.0.2.1 2001:db8::2 2001:db8::1"
                                : "2001:db8::2 2001:db8::1 192.0.2.9 192.0.2.1"));
  CHECK(node.dns.asked("app.test", DnsServer::kA) >= 1);
  CHECK(node.dns.asked("app.test", DnsServer::kAaaa) >= 1);
  CHECK(node.resolver->counters().questions.value() == 1);
}

TEST_CASE("one family is enough when the question for the other fails", "[net][resolver]") {
  Node node;
  const auto failing = GENERATE(DnsServer::kA, DnsServer::kAaaa);
  node.dns.reply = [failing](const Question& question) {
    return question.type == failing ? failure(question)
                                    : question.addresses({"192.0.2.1", "2001:db8::1"}, 60);
  };
  CHECK(node.resolve("app.test") == (failing == DnsServer::kA ? "2001:db8::1" : "192.0.2.1"));
}

TEST_CASE("messages that are no answers change nothing", "[net][resolver]") {
  Node node;
  const auto garbage = GENERATE(
      as<DnsServer::Reply>(), [](const Question&) { return std::string("\x01"); },
      [](const Question& question) {
        return question.packet; // no response
      },
      [](const Question& question) {
        std::string other = question.addresses({"192.0.2.66", "2001:db8::66"}, 60);
        other[0] = static_cast<char>(~other[0]); // RFC 5452, 9.1: of another question
        return other;
      },
      [](const Question& question) {
        std::string other = question.addresses({"192.0.2.66", "2001:db8::66"}, 60);
        other[13] = 'x'; // another name
        return other;
      },
      [](const Question& question) { return question.truncated(); },
      [](const Question& question) {
        const std::string whole = question.addresses({"192.0.2.66", "2001:db8::66"}, 60);
        return whole.substr(0, whole.size() - 3);
      },
      [](const Question& question) {
        return question.status(0).substr(0, 12) + std::string(500, '\xC0');
      });
  node.dns.reply = garbage;
  CHECK(node.resolve("app.test.") == "name_not_resolved");
}

TEST_CASE("a lookup has an end when nobody answers", "[net][resolver]") {
  net::ResolverOptions options;
  options.try_timeout = base::Millis(60'000);
  Node node(options);
  node.dns.reply = silence;
  const auto answer = node.begin("slow.test");
  node.advance(std::chrono::milliseconds(4900));
  CHECK(Node::text_of(*answer) == "waiting");
  node.advance(std::chrono::milliseconds(200));
  CHECK(Node::text_of(*answer) == "name_not_resolved");
}

TEST_CASE("an answer that comes too late for who asked is kept for the next", "[net][resolver]") {
  Node node;
  node.dns.reply = silence;
  const auto answer = node.begin("slow.test.");
  node.advance(std::chrono::milliseconds(5100));
  REQUIRE(Node::text_of(*answer) == "name_not_resolved");
  node.dns.reply = [](const Question& question) { return question.addresses({"192.0.2.5"}, 60); };
  CHECK(node.resolve("slow.test.") == "192.0.2.5"); // the library asks again by itself
  CHECK(node.resolver->counters().questions.value() == 1);
}

TEST_CASE("lookups of one name at one time are one question", "[net][resolver]") {
  Node node;
  const DnsServer::Reply reply = std::exchange(node.dns.reply, silence);
  std::vector<std::shared_ptr<Node::Answer>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(node.begin("app.test"));
  node.dns.reply = reply; // to the library's second try
  for (const auto& answer : answers) CHECK(node.await(answer) == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 1);
  CHECK(node.resolver->counters().lookups.value() == 20);
}

TEST_CASE("so many questions at once, and so many names", "[net][resolver]") {
  net::ResolverOptions options = Node::impatient();
  options.questions = 2;
  options.names = 2;
  Node node(options);
  const DnsServer::Reply reply = std::exchange(node.dns.reply, silence);
  const auto first = node.begin("a.test");
  const auto second = node.begin("b.test");
  CHECK(node.resolve("c.test") == "overloaded");
  node.dns.reply = reply;
  CHECK(node.await(first) == "192.0.2.1");
  CHECK(node.await(second) == "192.0.2.1");
  node.advance(std::chrono::seconds(1));
  CHECK(node.resolve("a.test") == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 2);
  CHECK(node.resolve("c.test") == "192.0.2.1"); // b.test goes
  CHECK(node.resolve("a.test") == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 3);
  CHECK(node.resolve("b.test") == "192.0.2.1");
  CHECK(node.resolver->counters().questions.value() == 4);
}

TEST_CASE("names that cannot be asked for", "[net][resolver]") {
  Node node;
  const auto host = GENERATE(std::string(), std::string("a\0b.test", 8), std::string("a..test"),
                             std::string(64, 'a') + ".test", std::string(300, 'a'));
  CHECK(node.resolve(host) == "name_not_resolved");
  CHECK(node.dns.asked() == 0);
}

TEST_CASE("a lookup can be cancelled, and others go on", "[net][resolver]") {
  Node node;
  const DnsServer::Reply reply = std::exchange(node.dns.reply, silence);
  net::Connecting connecting(node.worker.io().get_executor());
  const auto cancelled = node.begin("app.test", &connecting);
  const auto other = node.begin("app.test");
  connecting.cancel();
  CHECK(node.await(cancelled) == "cancelled");
  node.dns.reply = reply;
  CHECK(node.await(other) == "192.0.2.1");
  CHECK(node.await(node.begin("app.test", &connecting)) == "cancelled"); // for good
}

TEST_CASE("a resolver that goes away ends its lookups", "[net][resolver]") {
  Node node;
  node.dns.reply = silence;
  const auto first = node.begin("a.test");
  const auto second = node.begin("b.test");
  node.run_until([&] { return node.dns.asked() >= 2; });
  node.resolver.reset();
  node.settle();
  CHECK(Node::text_of(*first) == "cancelled");
  CHECK(Node::text_of(*second) == "cancelled");
}

TEST_CASE("DNS servers that are none are said so", "[net][resolver]") {
  base::ManualClock clock;
  net::Worker worker(0, clock);
  net::ResolverOptions options;
  options.servers = "not an address";
  CHECK_THROWS_WITH(net::Resolver(worker, options), Catch::Contains("not an address"));
}
