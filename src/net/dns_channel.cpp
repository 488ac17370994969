#include "dns_channel.hpp"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <utility>

namespace selvedge::net {

namespace {

namespace ip = boost::asio::ip;

[[noreturn]] void fail(const std::string& what, int status) {
  throw std::runtime_error(what + ": " + ares_strerror(status));
}

void require_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) fail("the resolver library cannot be used", status);
}

ip::address address_of(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET6) {
    sockaddr_in6 at{};
    std::memcpy(&at, node.ai_addr, sizeof at);
    ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &at.sin6_addr, bytes.size());
    return ip::address_v6(bytes, at.sin6_scope_id);
  }
  sockaddr_in at{};
  std::memcpy(&at, node.ai_addr, sizeof at);
  return ip::address_v4(ntohl(at.sin_addr.s_addr));
}

DnsAnswer answer_of(int status, const ares_addrinfo* result) {
  DnsAnswer answer;
  // Not so ARES_ENODATA: the library also says that when one family was denied and the question for
  // the other failed, and an outage must not look like the owner's word.
  if (status == ARES_ENOTFOUND) answer.outcome = DnsAnswer::Outcome::no_such_name;
  if (status != ARES_SUCCESS || result == nullptr || result->nodes == nullptr) return answer;
  answer.outcome = DnsAnswer::Outcome::found;
  int ttl = result->nodes->ai_ttl;
  for (const auto* node = result->nodes; node != nullptr; node = node->ai_next) {
    answer.addresses.push_back(address_of(*node));
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const auto* alias = result->cnames; alias != nullptr; alias = alias->next) {
    ttl = std::min(ttl, alias->ttl);
  }
  answer.ttl = base::Seconds(ttl);
  return answer;
}

struct Asked {
  DnsChannel::OnAnswer on_answer;
};

} // namespace

// One of the library's, which opens and closes it.
struct DnsChannel::Socket {
  explicit Socket(boost::asio::io_context& io) : descriptor(io) {}
  boost::asio::posix::stream_descriptor descriptor;
  bool reads = false; // wanted
  bool writes = false;
  bool awaits_input = false; // under way
  bool awaits_room = false;
  bool is_closed = false;
};

DnsChannel::DnsChannel(boost::asio::io_context& io, const Options& options) : io_(io), timer_(io) {
  require_library();
  ares_options wanted{};
  wanted.timeout = static_cast<int>(options.try_timeout.count());
  wanted.tries = static_cast<int>(options.tries);
  wanted.sock_state_cb = &DnsChannel::on_socket;
  wanted.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&channel_, &wanted, mask);
  if (status != ARES_SUCCESS) fail("names cannot be resolved", status);
  if (options.servers.empty()) return;
  status = ares_set_servers_ports_csv(channel_, options.servers.c_str());
  if (status != ARES_SUCCESS) {
    ares_destroy(channel_);
    fail("DNS servers \"" + options.servers + "\" cannot be used", status);
  }
}

DnsChannel::~DnsChannel() {
  close();
}

void DnsChannel::close() {
  if (channel_ == nullptr) return;
  ares_destroy(std::exchange(channel_, nullptr)); // tells on_socket() and on_result()
  timer_.cancel();
}

void DnsChannel::ask(const std::string& name, OnAnswer on_answer) {
  ares_addrinfo_hints hints{};
  // The order within a family is the server's own, which spreads load by it; which family goes
  // first is for whoever connects to find out (RFC 8305).
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto asked = std::make_unique<Asked>();
  asked->on_answer = std::move(on_answer);
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &DnsChannel::on_result,
                   asked.release());
  schedule();
}

void DnsChannel::on_result(void* argument, int status, int, ares_addrinfo* result) {
  const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
  DnsAnswer answer = answer_of(status, result);
  if (result != nullptr) ares_freeaddrinfo(result);
  asked->on_answer(std::move(answer));
}

void DnsChannel::on_socket(void* channel, ares_socket_t fd, int reads, int writes) {
  auto* self = static_cast<DnsChannel*>(channel);
  if (reads == 0 && writes == 0) return self->forget(fd); // it is about to be closed
  self->watch(fd, reads != 0, writes != 0);
}

void DnsChannel::watch(ares_socket_t fd, bool reads, bool writes) {
  SocketPtr& socket = sockets_[fd];
  if (!socket) {
    socket = std::make_shared<Socket>(io_);
    boost::system::error_code no_memory; // then nothing is heard of it: the question times out
    socket->descriptor.assign(fd, no_memory);
    socket->is_closed = static_cast<bool>(no_memory);
  }
  socket->reads = reads;
  socket->writes = writes;
  await(SocketPtr(socket));
}

void DnsChannel::forget(ares_socket_t fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  const SocketPtr socket = std::move(found->second);
  sockets_.erase(found);
  if (std::exchange(socket->is_closed, true)) return;
  socket->descriptor.release(); // the library closes it
}

void DnsChannel::await(const SocketPtr& socket) {
  if (socket->is_closed) return;
  if (socket->reads && !std::exchange(socket->awaits_input, true)) await(socket, Wait::wait_read);
  if (socket->writes && !std::exchange(socket->awaits_room, true)) await(socket, Wait::wait_write);
}

void DnsChannel::await(const SocketPtr& socket, Wait direction) {
  socket->descriptor.async_wait(direction, [weak = weak_from_this(), socket,
                                            direction](const boost::system::error_code& error) {
    const std::shared_ptr<DnsChannel> self = weak.lock();
    if (self && !error && !socket->is_closed) self->on_ready(socket, direction);
  });
}

void DnsChannel::on_ready(const SocketPtr& socket, Wait direction) {
  const ares_socket_t fd = socket->descriptor.native_handle();
  const bool is_input = direction == Wait::wait_read;
  (is_input ? socket->awaits_input : socket->awaits_room) = false;
  ares_process_fd(channel_, is_input ? fd : ARES_SOCKET_BAD, is_input ? ARES_SOCKET_BAD : fd);
  await(socket);
  schedule();
}

void DnsChannel::schedule() {
  if (channel_ == nullptr) return;
  timeval room{};
  const timeval* due = ares_timeout(channel_, nullptr, &room);
  if (due == nullptr) {
    timer_.cancel();
    return;
  }
  // Rounded up: a wake-up that comes too early would only be repeated.
  timer_.expires_after(std::chrono::seconds(due->tv_sec) +
                       std::chrono::milliseconds(due->tv_usec / 1000 + 1));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const std::shared_ptr<DnsChannel> self = weak.lock();
    if (!self || error || self->channel_ == nullptr) return;
    ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    self->schedule();
  });
}

} // namespace selvedge::net
