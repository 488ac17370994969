// A hit from the bytes of the request to the bytes of the answer, with everything between but the
// system calls: connection, parser, proxy, store, log.
#include "allocations.hpp"
#include "direct_wire.hpp"
#include "h2_bare_server.hpp"
#include "h2_replay.hpp"
#include "responses.hpp"

namespace selvedge::bench {

namespace {

constexpr std::size_t kContentBytes = 1024;

// In cleartext the scheme is http, whatever the request says.
http::RequestHead cleartext(http::RequestHead request) {
  request.scheme = "http";
  return request;
}

void h1_connection_hit(benchmark::State& state, const http::RequestHead& request) {
  ProxyNode node;
  node.store_answer(request, kContentBytes);
  ClientSide clients(node);
  DirectWire wire(node, clients.acceptor());
  const std::string text = h1_text(request);
  const std::string first(wire.say(text));
  const bool is_answer = first.rfind("HTTP/1.1 200 OK\r\n", 0) == 0 &&
                         first.find("selvedge; hit") != std::string::npos &&
                         first.size() > kContentBytes;
  if (!is_answer) return state.SkipWithError("not a hit");
  const AllocationCount count;
  for (auto _ : state) benchmark::DoNotOptimize(wire.say(text));
  count.require_none(state, "h1_connection_hit");
  const auto last = wire.say(text);
  if (wire.is_closed() || last.size() < kContentBytes) state.SkipWithError("the connection ended");
}
BENCHMARK_CAPTURE(h1_connection_hit, plain, cleartext(plain_request()));
BENCHMARK_CAPTURE(h1_connection_hit, browser, cleartext(asset_request()));

class H2Connection final : public H2Server {
public:
  H2Connection(ProxyNode& node, ClientSide& clients) : wire_(node, clients.acceptor()) {}
  std::string_view say(std::string_view bytes) override { return wire_.say(bytes); }

private:
  DirectWire wire_;
};

void h2_connection_hit(benchmark::State& state, const http::RequestHead& request) {
  ProxyNode node;
  node.store_answer(request, kContentBytes);
  ClientSide clients(node);
  // All that a hit may allocate is what nghttp2 does by itself for such an answer.
  const http::HeadBlock head(asset_head());
  const double limit = allocations_of_a_turn(
      [&] { return std::make_unique<BareH2Server>(head, std::span<http::Field>(), kContentBytes); },
      request);
  replay(state, [&] { return std::make_unique<H2Connection>(node, clients); },
         {"h2_connection_hit", request, kContentBytes, limit});
}
BENCHMARK_CAPTURE(h2_connection_hit, plain, cleartext(plain_request()));
BENCHMARK_CAPTURE(h2_connection_hit, browser, cleartext(asset_request()));

} // namespace

} // namespace selvedge::bench
