// How long a worker is held by an index of fifty thousand versions that changes each second while
// it answers hits: the longest step of its loop, by the clock and by what it worked.
#include "direct_wire.hpp"
#include "responses.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

namespace selvedge::bench {

namespace {

constexpr std::size_t kVersions = 50'000;
constexpr std::chrono::seconds kTime{12};

std::string index_with(const std::string& latest) {
  std::string text =
      R"({"name": "acme-ui", "channels": {"latest": ")" + latest + R"("}, )" + R"("versions": {)";
  for (std::size_t i = 0; i < kVersions; ++i) {
    if (i > 0) text += ", ";
    text += "\"1." + std::to_string(i) + R"(.0": {"released": "2026-11-02T10:00:00Z"})";
  }
  return text + "}}";
}

// Answers with the index, in pieces as they come from a socket, another one each time.
class IndexOrigin final : public upstream::Origin {
public:
  boost::asio::awaitable<base::Result<upstream::OriginResponsePtr>>
  fetch(const upstream::FetchRequest&) override {
    auto response = std::make_unique<Response>(texts_[count_++ % 2]);
    co_return upstream::OriginResponsePtr(std::move(response));
  }

private:
  class Response final : public upstream::OriginResponse {
  public:
    explicit Response(std::string_view text) : left_(text) {
      head_.status = 200;
      head_.content_length = text.size();
      head_.fields.add("cache-control", "max-age=1");
    }
    boost::asio::awaitable<base::Result<std::string_view>> read() override {
      // As from a network: each piece is a turn of the loop of its own.
      constexpr std::chrono::microseconds kPause(200);
      const auto executor = co_await boost::asio::this_coro::executor;
      boost::asio::steady_timer later(executor);
      later.expires_after(kPause);
      co_await later.async_wait(boost::asio::use_awaitable);
      const std::string_view piece = left_.substr(0, 65536);
      left_.remove_prefix(piece.size());
      co_return piece;
    }

  private:
    std::string_view left_;
  };

  const std::array<std::string, 2> texts_{index_with("1.1.0"), index_with("1.2.0")};
  std::size_t count_ = 0;
};

// The longest of what is measured, in microseconds.
class Longest {
public:
  template <typename Step> auto measure(Step step) {
    const auto began = std::chrono::steady_clock::now();
    const double worked = cpu_us();
    auto result = step();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    by_clock = std::max(by_clock, took.count());
    by_work = std::max(by_work, cpu_us() - worked);
    return result;
  }
  double by_clock = 0, by_work = 0;

private:
  static double cpu_us() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  }
};

void catalog_swap(benchmark::State& state) {
  proxy::RouteOptions route;
  route.bundles.enabled = true;
  route.bundles.integrity = proxy::Integrity::off;
  route.bundles.releases.follow = false;
  route.bundles.index_lifetime = std::chrono::seconds{1};
  for (auto _ : state) {
    ProxyNode node(route, {std::make_shared<IndexOrigin>(), true, 16u << 20});
    ClientSide clients(node);
    const auto turn = [&node] {
      node.worker().io().restart();
      return node.worker().io().poll_one();
    };
    http::RequestHead request = plain_request();
    request.scheme = "http";
    for (const char* version : {"1.1.0", "1.2.0"}) {
      const std::string target = std::string("/acme-ui/") + version + "/app.js";
      request.target = target;
      node.store_answer(request, 1024);
    }
    request.target = "/acme-ui@latest/app.js";
    const std::string text = h1_text(request);
    // Whoever asks first waits for the index.
    DirectWire first(node, clients.acceptor());
    first.say(text);
    while (node.proxy().counters().indexes.value() == 0) turn();
    DirectWire wire(node, clients.acceptor());
    Longest longest;
    std::size_t hits = 0;
    const auto end = std::chrono::steady_clock::now() + kTime;
    while (std::chrono::steady_clock::now() < end) {
      node.worker().refresh_now();
      hits += longest.measure([&] { return wire.say(text).size() > 1024 ? 1u : 0u; });
      longest.measure(turn);
    }
    if (hits == 0) return state.SkipWithError("no hit");
    state.counters["swaps"] = static_cast<double>(node.proxy().counters().indexes.value());
    state.counters["hits"] = static_cast<double>(hits);
    state.counters["longest_us"] = longest.by_clock;
    state.counters["longest_worked_us"] = longest.by_work;
  }
}
BENCHMARK(catalog_swap)->Iterations(1)->Unit(benchmark::kSecond);

} // namespace

} // namespace selvedge::bench
