#include <selvedge/net/connect.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace selvedge::net {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using base::Result;
using base::Retry;
using boost::asio::ip::tcp;

namespace {

Error error_of(int os_error) {
  Error error{ErrorCode::connect_refused, ErrorSource::upstream, Retry::yes};
  if (os_error == ETIMEDOUT) error.code = ErrorCode::connect_timeout;
  if (os_error == EMFILE || os_error == ENFILE) {
    error.code = ErrorCode::overloaded;
    error.source = ErrorSource::internal;
  }
  error.os_error = os_error;
  return error;
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

tcp::endpoint end_of(int socket, NameOf name_of) {
  tcp::endpoint end;
  auto size = static_cast<socklen_t>(end.capacity());
  if (name_of(socket, end.data(), &size) == 0) end.resize(size);
  return end;
}

// A connection to one address, until it is there or has failed. Stays where it is: it is watched.
class Attempt final : public Poller::Watched {
public:
  enum class State { under_way, connected, failed };

  Attempt(Worker& worker, Event& changed, const tcp::endpoint& peer)
      : worker_(worker), changed_(changed), peer_(peer) {
    begin();
  }
  ~Attempt() { close(); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  State state() const { return state_; }
  int os_error() const { return os_error_; }
  // Requires: connected.
  Connected take() {
    unwatch();
    return Connected(std::exchange(socket_, -1), peer_);
  }

private:
  void begin();
  void on_ready(Poller::Ready ready) override;
  void end(int os_error);
  void unwatch() {
    if (std::exchange(is_watched_, false)) worker_.poller().remove(socket_, *this);
  }
  void close() {
    unwatch();
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  Worker& worker_;
  Event& changed_;
  const tcp::endpoint peer_;
  int socket_ = -1;
  bool is_watched_ = false;
  State state_ = State::under_way;
  int os_error_ = 0;
};

void Attempt::begin() {
  const int family = peer_.protocol().family();
  socket_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (socket_ < 0) return end(errno);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, peer_.data(), static_cast<socklen_t>(peer_.size())) == 0) return end(0);
  if (errno != EINPROGRESS && errno != EINTR) return end(errno);
  is_watched_ = worker_.poller().add(socket_, *this);
  if (!is_watched_) end(ENOMEM);
}

void Attempt::on_ready(Poller::Ready ready) {
  if (!ready.writable || state_ != State::under_way) return;
  int os_error = 0;
  socklen_t size = sizeof os_error;
  if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &os_error, &size) != 0) os_error = errno;
  end(os_error);
  changed_.set();
}

void Attempt::end(int os_error) {
  if (os_error == 0 && peer_.address().is_loopback() && is_connected_to_itself(socket_)) {
    os_error = ECONNREFUSED;
  }
  os_error_ = os_error;
  state_ = os_error == 0 ? State::connected : State::failed;
  if (os_error != 0) close();
}

// The attempts at the addresses of one server.
class Race {
public:
  Race(Worker& worker, Addresses addresses, const ConnectOptions& options, Event& changed)
      : worker_(worker), addresses_(std::move(addresses)), options_(options), changed_(changed),
        deadline_(changed), delay_(changed) {
    worker_.arm(deadline_, options_.timeout);
  }

  // Begins the attempts that are due. Nothing: not decided, wait for `changed`.
  std::optional<Result<Connected>> step();

private:
  struct Alarm final : base::Timer {
    explicit Alarm(Event& e) : event(e) {}
    void on_timeout() override {
      rang = true;
      event.set();
    }
    Event& event;
    bool rang = false;
  };
  void begin_next();

  Worker& worker_;
  const Addresses addresses_;
  const ConnectOptions options_;
  Event& changed_;
  std::vector<std::unique_ptr<Attempt>> attempts_; // at the first of the addresses
  std::size_t failures_seen_ = 0;
  Alarm deadline_;
  Alarm delay_;
};

std::optional<Result<Connected>> Race::step() {
  for (;;) {
    std::size_t failures = 0;
    for (const auto& attempt : attempts_) {
      if (attempt->state() == Attempt::State::connected) return attempt->take();
      if (attempt->state() == Attempt::State::failed) ++failures;
    }
    if (deadline_.rang) return error_of(ETIMEDOUT);
    const bool all_failed = failures == attempts_.size();
    if (attempts_.size() == addresses_.size()) {
      if (!all_failed) return {};
      return error_of(attempts_.empty() ? EADDRNOTAVAIL : attempts_.back()->os_error());
    }
    if (!all_failed && failures == failures_seen_ && !delay_.rang) return {};
    failures_seen_ = failures;
    begin_next();
  }
}

void Race::begin_next() {
  attempts_.push_back(std::make_unique<Attempt>(worker_, changed_, addresses_[attempts_.size()]));
  delay_.rang = false;
  delay_.disarm();
  if (attempts_.size() < addresses_.size()) worker_.arm(delay_, options_.attempt_delay);
}

} // namespace

Connected& Connected::operator=(Connected&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(peer_, other.peer_);
  return *this;
}

Connected::~Connected() {
  if (socket_ >= 0) ::close(socket_);
}

Addresses interleaved(const Addresses& addresses, bool ipv4_first) {
  Addresses first;
  Addresses second;
  for (const tcp::endpoint& one : addresses) {
    (one.address().is_v4() == ipv4_first ? first : second).push_back(one);
  }
  Addresses mixed;
  mixed.reserve(addresses.size());
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

bool is_connected_to_itself(int socket) {
  return end_of(socket, &::getsockname) == end_of(socket, &::getpeername);
}

boost::asio::awaitable<Result<Connected>> connect(Worker& worker, Addresses addresses,
                                                  ConnectOptions options, Connecting& connecting) {
  const Error cancelled{ErrorCode::cancelled, ErrorSource::internal};
  if (connecting.is_cancelled()) co_return cancelled;
  Race race(worker, interleaved(addresses, options.ipv4_first), options, connecting.changed());
  for (;;) {
    std::optional<Result<Connected>> outcome = race.step();
    if (outcome) co_return std::move(*outcome);
    co_await connecting.changed().wait();
    if (connecting.is_cancelled()) co_return cancelled;
  }
}

} // namespace selvedge::net
