// A resolver on a worker of the test, and the DNS server that it asks. The clock is the test's;
// only the library's own retries take real time, and no more than they have to. Thread: one.
#pragma once

#include "catch.hpp"
#include "dns_server.hpp"

#include <selvedge/net/resolver.hpp>

#include <boost/asio/co_spawn.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace selvedge::test {

class ResolverNode {
public:
  using Answer = std::optional<base::Result<net::Addresses>>;

  ResolverNode() : ResolverNode(impatient()) {}
  explicit ResolverNode(net::ResolverOptions options) {
    options.servers = dns.address();
    resolver = std::make_unique<net::Resolver>(worker, options);
    dns.reply = [](const DnsServer::Question& question) {
      return question.addresses({"192.0.2.1"}, 60);
    };
  }
  ~ResolverNode() {
    resolver.reset();
    settle(); // whoever waited is gone
  }

  // A lookup; its answer comes with run().
  std::shared_ptr<Answer> begin(const std::string& host, net::Connecting* connecting = nullptr) {
    auto answer = std::make_shared<Answer>();
    auto done = [answer](std::exception_ptr, base::Result<net::Addresses> got) {
      *answer = std::move(got);
    };
    if (connecting != nullptr) {
      co_spawn(worker.io(), resolver->resolve(host, 80, *connecting), done);
    } else {
      co_spawn(worker.io(), resolver->resolve(host, 80), done);
    }
    settle();
    return answer;
  }
  // Runs until `claim` holds, or for as long as something happens within a few seconds.
  template <typename Claim> void run_until(Claim claim) {
    worker.io().restart();
    while (!claim() && worker.io().run_one_for(std::chrono::seconds(10)) > 0) {
    }
  }
  // What there is to do at once. Answers may be under way.
  void settle() {
    worker.io().restart();
    while (worker.io().poll() > 0) worker.io().restart();
  }
  // The first address, or the name of the error.
  std::string await(const std::shared_ptr<Answer>& answer) {
    run_until([&] { return answer->has_value(); });
    return text_of(*answer);
  }
  std::string resolve(const std::string& host) { return await(begin(host)); }
  // Until questions that nobody waits for have ended as well.
  void await_questions(std::uint64_t failed) {
    run_until([&] { return resolver->counters().failures.value() == failed; });
  }
  void advance(std::chrono::nanoseconds by) {
    clock.advance(by);
    worker.tick();
    settle();
  }
  static net::ResolverOptions impatient() {
    net::ResolverOptions options;
    options.try_timeout = base::Millis(50);
    options.tries = 4;
    return options;
  }
  static std::string text_of(const Answer& answer) {
    if (!answer) return "waiting";
    if (answer->has_error()) return std::string(base::name(answer->error().code));
    std::string all;
    for (const auto& one : **answer) {
      all += (all.empty() ? "" : " ") + one.address().to_string();
      CHECK(one.port() == 80);
    }
    return all;
  }

  base::ManualClock clock;
  net::Worker worker{0, clock};
  DnsServer dns{worker.io()};
  std::unique_ptr<net::Resolver> resolver;
};

// Replies of a server in trouble.
inline std::string failure(const DnsServer::Question& question) {
  return question.status(DnsServer::kServerFailure);
}
inline std::string silence(const DnsServer::Question&) {
  return {};
}

} // namespace selvedge::test
