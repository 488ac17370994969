// An origin that speaks HTTP/1.1: several servers asked in turn, connections kept alive, one safe
// retry.
#pragma once

#include "connection_pool.hpp"

#include <selvedge/upstream/origin.hpp>

#include <memory>

namespace selvedge::upstream {

class HttpOrigin final : public Origin, public std::enable_shared_from_this<HttpOrigin> {
public:
  HttpOrigin(const OriginOptions& options, net::Worker& worker);

  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) override;
  void close_idle() override { pool_.close_idle(); }

private:
  friend class HttpResponse;
  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  try_once(const FetchRequest& request, std::size_t server, bool may_reuse);
  bool may_retry(const FetchRequest& request, const base::Error& error) const;

  const OriginOptions options_;
  net::Worker& worker_;
  ConnectionPool pool_;
  std::size_t next_server_ = 0;
};

} // namespace selvedge::upstream
