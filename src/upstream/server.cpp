#include "server.hpp"

#include "http_response.hpp"

#include <optional>
#include <utility>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::awaitable;

namespace {

// Whether a request whose connection broke may be sent again: nothing of it is lost, and doing it
// twice does no harm (RFC 9110, 9.2.2).
bool may_repeat(const FetchRequest& request) {
  const bool is_wanted = request.cancellation == nullptr || !request.cancellation->is_cancelled();
  return is_wanted && request.content == nullptr && http::is_idempotent(request.head->method);
}

} // namespace

// A fetch that waits for the connection that another one opens.
class Server::Awaiting final : public Cancellation::Target {
public:
  Awaiting(Server& server, Cancellation* cancellation)
      : ended(server.worker().io().get_executor()), server_(server), cancellation_(cancellation) {
    server_.awaiting_.push_back(this);
    if (cancellation_ != nullptr) cancellation_->set_target(this);
  }
  ~Awaiting() {
    std::erase(server_.awaiting_, this);
    if (cancellation_ != nullptr) cancellation_->set_target(nullptr);
  }
  Awaiting(const Awaiting&) = delete;
  Awaiting& operator=(const Awaiting&) = delete;
  void cancel() override { ended.set(); }

  net::Event ended;
  std::optional<Error> error; // why there is no connection, if that holds for all who wait

private:
  Server& server_;
  Cancellation* cancellation_;
};

// A connection is being made. Its end lets others look for one; when it fails it fails for all who
// wait: one after the other they would wait many times as long as one may.
class Server::Opening final : public Cancellation::Target {
public:
  Opening(Server& server, Cancellation* cancellation)
      : connecting(server.worker().io().get_executor()), server_(server),
        cancellation_(cancellation) {
    ++server_.opening_;
    if (cancellation_ != nullptr) cancellation_->set_target(this);
  }
  ~Opening() {
    --server_.opening_;
    if (cancellation_ != nullptr) cancellation_->set_target(nullptr);
    for (Awaiting* one : std::exchange(server_.awaiting_, {})) {
      one->error = error;
      one->ended.set();
    }
  }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  void cancel() override { connecting.cancel(); }

  net::Connecting connecting;
  std::optional<Error> error; // of the server's, not that this fetch was given up

private:
  Server& server_;
  Cancellation* cancellation_;
};

Server::Server(const ServerSetting& setting, std::shared_ptr<ServerState> state)
    : setting_(setting), state_(std::move(state)), place_(net::parse_server(state_->address)),
      speaks_h2_(setting.options.protocol == ServerProtocol::h2) {
  place_.tls = setting.tls;
  place_.tls_name = setting.options.tls.name;
  place_.connect_timeout = setting.options.connect_timeout;
  place_.tls_timeout = setting.options.tls_timeout;
}

Server::~Server() {
  close_idle();
}

void Server::count_received(std::size_t bytes) {
  setting_.counters.bytes_read.add(bytes);
  state_->bytes_received.fetch_add(bytes, std::memory_order_relaxed);
}

awaitable<Server::Fetched> Server::fetch(const FetchRequest& request) {
  const std::shared_ptr<Server> keep = shared_from_this();
  if (request.cancellation != nullptr && request.cancellation->is_cancelled()) {
    co_return Error{ErrorCode::cancelled, ErrorSource::internal};
  }
  Fetched result = co_await ask(request, true);
  if (!result && result.error().retry == base::Retry::if_reused && may_repeat(request)) {
    result = co_await ask(request, false);
  }
  co_return result;
}

awaitable<Server::Fetched> Server::ask(const FetchRequest& request, bool may_reuse) {
  Opened connection;
  for (;;) {
    connection.h2 = take_h2();
    if (!connection.h2 && may_reuse) connection.h1 = take_idle();
    if (connection.h1 || connection.h2) {
      setting_.counters.reused.add();
      break;
    }
    if (!speaks_h2_ || opening_ == 0) {
      base::Result<Opened> opened = co_await open(request.cancellation);
      if (!opened) co_return opened.error();
      connection = std::move(*opened);
      break;
    }
    Awaiting awaiting(*this, request.cancellation); // one connection will do for many
    co_await awaiting.ended.wait();
    if (request.cancellation != nullptr && request.cancellation->is_cancelled()) {
      co_return Error{ErrorCode::cancelled, ErrorSource::internal};
    }
    if (awaiting.error) co_return *awaiting.error;
  }
  if (connection.h2) co_return co_await connection.h2->fetch(request, shared_from_this());
  auto response =
      std::make_unique<HttpResponse>(shared_from_this(), std::move(connection.h1), request);
  const base::Result<void> begun = co_await response->begin();
  if (!begun) co_return begun.error();
  co_return OriginResponsePtr(std::move(response));
}

awaitable<base::Result<Server::Opened>> Server::open(Cancellation* cancellation) {
  Opening opening(*this, cancellation);
  setting_.counters.connections.add();
  base::Result<net::OpenedTransport> made =
      co_await net::open_transport(setting_.worker, setting_.resolver, place_, opening.connecting);
  if (!made) {
    if (made.error().code != ErrorCode::cancelled) opening.error = made.error();
    co_return made.error();
  }
  const bool is_prior_knowledge = !setting_.tls && setting_.options.protocol == ServerProtocol::h2;
  Opened opened;
  speaks_h2_ = is_prior_knowledge || made->protocol == "h2";
  if (speaks_h2_) {
    opened.h2 = new H2ServerConnection(setting_.worker, std::move(made->transport),
                                       setting_.options, setting_.counters, state_);
    opened.h2->start();
    h2_.push_back({opened.h2, setting_.worker.now().steady});
    if (!sweep_.is_armed()) setting_.worker.arm(sweep_, setting_.options.keepalive);
  } else {
    opened.h1 = new ServerConnection(setting_.worker, std::move(made->transport));
  }
  co_return opened;
}

H2ServerConnectionPtr Server::take_h2() {
  for (OpenH2& one : h2_) {
    if (!one.connection->has_room()) continue;
    one.used = setting_.worker.now().steady;
    return one.connection;
  }
  return nullptr;
}

ServerConnectionPtr Server::take_idle() {
  while (!idle_.empty()) {
    ServerConnectionPtr connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->end_idle()) return connection;
  }
  return nullptr;
}

void Server::give_back(ServerConnectionPtr connection) {
  if (idle_.size() >= setting_.options.keepalive_connections) return connection->close();
  connection->mark_used();
  connection->begin_idle();
  idle_.push_back({std::move(connection), setting_.worker.now().steady});
  if (!sweep_.is_armed()) setting_.worker.arm(sweep_, setting_.options.keepalive);
}

void Server::close_unused(base::Steady since) {
  std::erase_if(idle_, [&](const Idle& one) {
    if (one.connection->is_open() && one.since > since) return false;
    one.connection->close();
    return true;
  });
  std::erase_if(h2_, [&](const OpenH2& one) {
    if (one.connection->streams() > 0) return false;
    if (one.connection->is_usable() && one.used > since) return false;
    one.connection->close();
    return true;
  });
}

void Server::sweep() {
  close_unused(setting_.worker.now().steady - setting_.options.keepalive);
  const bool has_some = !idle_.empty() || !h2_.empty();
  if (has_some) setting_.worker.arm(sweep_, setting_.options.keepalive / 2);
}

void Server::close_idle() {
  close_unused(base::Steady::max());
}

} // namespace selvedge::upstream
