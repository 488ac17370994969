#include "http_origin.hpp"

#include "http_response.hpp"

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;

HttpOrigin::HttpOrigin(const OriginOptions& options, net::Worker& worker)
    : options_(options), worker_(worker), pool_(worker, options_, counters_) {}

bool HttpOrigin::may_retry(const FetchRequest& request, const Error& error) const {
  if (request.cancellation != nullptr && request.cancellation->is_cancelled()) return false;
  // Nothing reached an application: any request may go elsewhere, but only content that was not
  // touched can be sent again.
  if (request.content != nullptr) return false;
  if (error.retry == base::Retry::yes) return true;
  return error.retry == base::Retry::if_reused && http::is_idempotent(request.head->method);
}

boost::asio::awaitable<base::Result<OriginResponsePtr>>
HttpOrigin::fetch(const FetchRequest& request) {
  counters_.requests.add();
  const std::shared_ptr<HttpOrigin> keep = shared_from_this();
  if (counters_.inflight.value() >= options_.connections) {
    counters_.errors.add();
    co_return Error{ErrorCode::overloaded, ErrorSource::upstream};
  }
  const std::size_t server = next_server_++ % options_.servers.size();
  base::Result<OriginResponsePtr> result = co_await try_once(request, server, true);
  if (!result && may_retry(request, result.error())) {
    counters_.retries.add();
    // A reused connection had died: the same server on a fresh one. Unreachable: the next server.
    const bool same = result.error().retry == base::Retry::if_reused;
    const std::size_t again = same ? server : (server + 1) % options_.servers.size();
    result = co_await try_once(request, again, false);
  }
  if (!result) {
    counters_.errors.add();
    const ErrorCode code = result.error().code;
    if (code == ErrorCode::timeout || code == ErrorCode::connect_timeout) counters_.timeouts.add();
  }
  co_return result;
}

boost::asio::awaitable<base::Result<OriginResponsePtr>>
HttpOrigin::try_once(const FetchRequest& request, std::size_t server, bool may_reuse) {
  std::shared_ptr<ServerConnection> connection;
  if (may_reuse) connection = pool_.take(server);
  if (!connection) {
    connection = std::make_shared<ServerConnection>(worker_);
    if (request.cancellation != nullptr) request.cancellation->set_target(connection.get());
    counters_.connections.add();
    const base::Result<void> connected =
        co_await connection->connect(options_.servers[server], options_.connect_timeout);
    if (!connected) {
      if (request.cancellation != nullptr) request.cancellation->set_target(nullptr);
      co_return connected.error();
    }
  }
  auto response =
      std::make_unique<HttpResponse>(shared_from_this(), server, std::move(connection), request);
  const base::Result<void> begun = co_await response->begin();
  if (!begun) co_return begun.error();
  co_return OriginResponsePtr(std::move(response));
}

} // namespace selvedge::upstream
