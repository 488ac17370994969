// POST /v1/purge and GET /v1/purge/ID: what is asked for, and the receipts of what was done.
// Thread: the admin worker.
#pragma once

#include "admin_answer.hpp"

#include <selvedge/server/node.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <variant>

namespace selvedge::server {

// {"urls": [], "tags": [], "groups": [], "prefixes": [], "hosts": [], "everything": true,
// "soft": true}, at least one of them: what it asks for, or why that cannot be done.
std::variant<proxy::PurgeRequest, std::string> read_purge_request(std::string_view content);

class PurgeApi {
public:
  explicit PurgeApi(Node& node);

  AdminAnswer purge(std::string_view content);
  // Of one of the last kReceipts purges.
  AdminAnswer receipt(std::string_view id) const;

private:
  static constexpr std::size_t kReceipts = 1024;
  struct Receipt {
    std::string id;
    proxy::PurgeReceipt receipt;
    bool is_soft = false;
  };
  static AdminAnswer answer(const Receipt& receipt, http::Status status);

  Node& node_;
  const std::string start_; // of every id, so that no restarted node takes one for its own
  std::uint64_t count_ = 0;
  std::deque<Receipt> receipts_; // oldest first
};

} // namespace selvedge::server
