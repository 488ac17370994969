// A whole hit through the proxy, without a socket and a protocol: route, key, lookup, decision, the
// fields of the answer, its content, the record of the access log. It must not allocate.
#include "allocations.hpp"
#include "proxy_node.hpp"
#include "responses.hpp"

#include <array>

namespace selvedge::bench {

namespace {

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
  ProxyNode node;
  const http::RequestHead request = asset_request();
  node.store_answer(request, 1024);
  SinkStream stream(node.worker(), node.proxy());
  if (stream.ask(request) != 1024) return state.SkipWithError("not a hit");

  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(stream.ask(request));
    node.drop_log();
  }
  count.require_none(state, "hit_through_the_proxy");
}
BENCHMARK(hit_through_the_proxy);

} // namespace

} // namespace selvedge::bench
