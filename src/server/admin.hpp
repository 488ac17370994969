// The admin API: health, numbers, what the cache holds, purges. It answers on a worker of its own,
// so that a scrape never delays a client. Thread: the admin worker.
#pragma once

#include "admin_answer.hpp"
#include "metrics.hpp"
#include "origins_api.hpp"
#include "purge_api.hpp"

#include <selvedge/downstream/stream.hpp>
#include <selvedge/server/node.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace selvedge::server {

// What the API needs of the program around the node.
struct AdminHooks {
  std::function<ReloadState()> reload_state; // thread-safe
  std::function<void()> drain;               // likewise
  ChangeConfig change_config;
  std::string version;
  std::string token; // empty: none is asked for
};

class ReleasesApi;

class AdminHandler final : public downstream::RequestHandler {
public:
  AdminHandler(Node& node, AdminHooks hooks);
  ~AdminHandler() override;

  void on_request(downstream::Stream& stream) override;
  void on_refused(downstream::Stream& stream, base::Error error) override;

private:
  class Exchange;

  AdminAnswer answer(const http::RequestHead& request, std::string_view content);
  bool is_allowed(const http::RequestHead& request) const;
  std::optional<AdminAnswer> release_answer(std::string_view path, bool is_get, bool is_post,
                                            std::string_view content);
  AdminAnswer status() const;
  AdminAnswer cached_object(std::string_view query) const;

  Node& node_;
  const AdminHooks hooks_;
  const base::Steady started_;
  PurgeApi purges_;
  std::unique_ptr<ReleasesApi> releases_;
};

} // namespace selvedge::server
