// Releases of bundles: POST /v1/releases:publish, :promote and :rollback, GET /v1/releases and
// /v1/releases/ID, GET /v1/bundles/NAME/graph. Thread: the admin worker.
#pragma once

#include "admin_answer.hpp"
#include "exposition.hpp"

#include <selvedge/server/node.hpp>

#include <deque>
#include <string_view>

namespace selvedge::server {

class ReleasesApi {
public:
  explicit ReleasesApi(Node& node) : node_(node) {}

  // A release is prepared: 202, and where to look how far it has come.
  AdminAnswer publish(std::string_view content);
  // In force when they return.
  AdminAnswer promote(std::string_view content);
  AdminAnswer rollback(std::string_view content);
  AdminAnswer list() const;
  AdminAnswer order(std::string_view id) const;
  // What is released of a bundle, what it needs and who needs it.
  AdminAnswer graph(std::string_view name) const;

private:
  static constexpr std::size_t kOrders = 64;
  struct Order {
    std::uint64_t id = 0;
    proxy::ReleaseProgressPtr progress;
  };
  AdminAnswer change(std::string_view content, bool is_rollback);

  Node& node_;
  std::deque<Order> orders_; // the last few
  std::uint64_t count_ = 0;
};

// What is in force, as metrics.
void write_releases(Exposition& out, const Node& node);

} // namespace selvedge::server
