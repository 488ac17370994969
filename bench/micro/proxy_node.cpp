#include "proxy_node.hpp"

#include "responses.hpp"

namespace selvedge::bench {

namespace {

class NoOrigin final : public upstream::Origin {
public:
  boost::asio::awaitable<base::Result<upstream::OriginResponsePtr>>
  fetch(const upstream::FetchRequest&) override {
    co_return base::Error{base::ErrorCode::no_origin};
  }
};

} // namespace

ProxyNode::ProxyNode(proxy::RouteOptions route, const BehindNode& behind)
    : proxy_(workers_[0], store_, fills_, &log_, options_of(behind)) {
  proxy::Routing::Origins origins;
  origins.by_name.emplace("none", behind.origin ? behind.origin : std::make_shared<NoOrigin>());
  route.name = "all";
  route.origin = "none";
  proxy_.set_routing(
      std::make_shared<proxy::Routing>(std::vector<proxy::SiteOptions>{{"site", {"*"}, {route}}},
                                       std::move(origins), behind.max_object, counters_, boards_));
}

void ProxyNode::store_answer(const http::RequestHead& request, std::size_t bytes,
                             bool says_lifetime) {
  store_.insert(
      asset_for(request, bytes, worker().refresh_now().steady, &store_.ledger(), says_lifetime));
}

std::size_t ProxyNode::drop_log() {
  std::size_t records = 0;
  for (; log_.front() != nullptr; ++records) log_.pop();
  return records;
}

} // namespace selvedge::bench
