// A whole hit through the proxy, without a socket and a protocol: route, key, lookup, decision, the
// fields of the answer, its content, the record of the access log. It must not allocate.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/proxy/proxy.hpp>

#include <array>

namespace selvedge::bench {

namespace {

class NoOrigin final : public upstream::Origin {
public:
  boost::asio::awaitable<base::Result<upstream::OriginResponsePtr>>
  fetch(const upstream::FetchRequest&) override {
    co_return base::Error{base::ErrorCode::no_origin};
  }
};

// Takes the answer and reads its content.
class SinkStream final : public downstream::Stream {
public:
  SinkStream(net::Worker& worker, downstream::RequestHandler& handler)
      : worker_(worker), handler_(handler) {}

  std::size_t ask(const http::RequestHead& head) {
    clear();
    begin(worker_, client_);
    request_ = head;
    has_responded_ = false;
    bytes_ = 0;
    handler_.on_request(*this);
    end({true});
    return bytes_;
  }
  void respond(const downstream::Response& response) override {
    has_responded_ = true;
    std::array<std::string_view, 4> views;
    for (;;) {
      const auto found = response.content->peek(views);
      if (found.state != http::BodyState::ready) return;
      std::size_t size = 0;
      for (std::size_t i = 0; i < found.count; ++i) size += views[i].size();
      bytes_ += size;
      response.content->consume(size);
    }
  }
  void inform(http::Status, std::span<const http::Field>) override {}
  bool has_responded() const override { return has_responded_; }
  void abort() override {}
  void on_body_ready() override {}

private:
  net::Worker& worker_;
  downstream::RequestHandler& handler_;
  downstream::ClientConnection client_{"192.0.2.1", "http", false};
  std::size_t bytes_ = 0;
  bool has_responded_ = false;
};

void hit_through_the_proxy(benchmark::State& state) {
  const base::SystemClock clock;
  cache::Store store({});
  cache::FillTable fills;
  net::Worker worker(0, clock);
  proxy::AccessRing log(64);
  proxy::Proxy proxy(worker, store, fills, &log, {});
  proxy::RouteCounterMap counters;
  proxy::Routing::Origins origins;
  origins.by_name.emplace("none", std::make_shared<NoOrigin>());
  proxy::RouteOptions route;
  route.name = "all";
  route.origin = "none";
  proxy.set_routing(
      std::make_shared<proxy::Routing>(std::vector<proxy::SiteOptions>{{"site", {"*"}, {route}}},
                                       std::move(origins), 1u << 20, counters));
  const http::RequestHead request = asset_request();
  base::Arena arena;
  const cache::CacheKey key =
      cache::make_cache_key(request.scheme, request.authority, request.target, arena);
  store.insert(asset_under(key, 1024, worker.refresh_now().steady, &store.ledger()));
  SinkStream stream(worker, proxy);
  if (stream.ask(request) != 1024) return state.SkipWithError("not a hit");

  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(stream.ask(request));
    while (log.front() != nullptr) log.pop();
  }
  count.require_none(state, "hit_through_the_proxy");
}
BENCHMARK(hit_through_the_proxy);

} // namespace

} // namespace selvedge::bench
