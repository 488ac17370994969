#include "connection_pool.hpp"

namespace selvedge::upstream {

ConnectionPool::ConnectionPool(net::Worker& worker, const OriginOptions& options,
                               OriginCounters& counters)
    : worker_(worker), options_(options), counters_(counters), servers_(options.servers.size()) {}

std::shared_ptr<ServerConnection> ConnectionPool::take(std::size_t server) {
  auto& idle = servers_[server];
  while (!idle.empty()) {
    std::shared_ptr<ServerConnection> connection = std::move(idle.back().connection);
    idle.pop_back();
    if (!connection->is_usable()) continue;
    counters_.reused.add();
    return connection;
  }
  return nullptr;
}

void ConnectionPool::give_back(std::size_t server, std::shared_ptr<ServerConnection> connection) {
  auto& idle = servers_[server];
  if (idle.size() >= options_.keepalive_connections) return;
  connection->mark_used();
  connection->release_buffer();
  idle.push_back({std::move(connection), worker_.now().steady});
  if (!sweep_.is_armed()) worker_.arm(sweep_, options_.keepalive);
}

void ConnectionPool::sweep() {
  const base::Steady oldest = worker_.now().steady - options_.keepalive;
  bool has_some = false;
  for (auto& idle : servers_) {
    std::erase_if(idle, [&](const Idle& one) { return one.since <= oldest; });
    has_some = has_some || !idle.empty();
  }
  if (has_some) worker_.arm(sweep_, options_.keepalive / 2);
}

void ConnectionPool::close_idle() {
  for (auto& idle : servers_) idle.clear();
}

} // namespace selvedge::upstream
