// The whole proxy between clients in memory and one server on a loopback socket, which keeps every
// byte that it gets and answers each request: for targets that ask what becomes of bytes on their
// way through. Thread: one.
#pragma once

#include <tests/fuzz/fuzz.hpp>
#include <tests/support/flow.hpp>
#include <tests/support/strict_h1.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

namespace selvedge::fuzz {

class KeepingServer {
public:
  KeepingServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t size = sizeof place;
    auto* const at = reinterpret_cast<sockaddr*>(&place);
    require(::bind(listener_, at, size) == 0 && ::listen(listener_, 64) == 0 &&
                ::getsockname(listener_, at, &size) == 0,
            "a server can listen");
    address_ = "127.0.0.1:" + std::to_string(ntohs(place.sin_port));
  }
  ~KeepingServer() {
    forget();
    ::close(listener_);
  }
  KeepingServer(const KeepingServer&) = delete;
  KeepingServer& operator=(const KeepingServer&) = delete;

  const std::string& address() const { return address_; }
  // What each connection brought.
  const std::vector<std::string>& received() const { return received_; }
  // Between two inputs.
  void forget() {
    for (const int one : sockets_) ::close(one);
    sockets_.clear();
    received_.clear();
    answered_.clear();
  }
  // Does what there is to do; false: nothing.
  bool poll() {
    bool has_done = accept_all();
    for (std::size_t i = 0; i < sockets_.size(); ++i) has_done |= receive(i);
    return has_done;
  }

private:
  bool accept_all() {
    bool has_some = false;
    for (int one = 0;
         (one = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      sockets_.push_back(one);
      received_.emplace_back();
      answered_.push_back(0);
      has_some = true;
    }
    return has_some;
  }
  bool receive(std::size_t index) {
    char buffer[16384];
    bool has_some = false;
    for (ssize_t n = 0; (n = ::recv(sockets_[index], buffer, sizeof buffer, 0)) > 0;) {
      received_[index].append(buffer, static_cast<std::size_t>(n));
      has_some = true;
    }
    if (!has_some) return false;
    test::StrictReader reader;
    reader.read_all(received_[index]);
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    for (; answered_[index] < reader.requests().size(); ++answered_[index]) {
      const bool is_head = reader.requests()[answered_[index]].method == "HEAD";
      const std::string_view answer = is_head ? kAnswer.substr(0, kAnswer.size() - 2) : kAnswer;
      ::send(sockets_[index], answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    return true;
  }

  int listener_;
  std::string address_;
  std::vector<int> sockets_;
  std::vector<std::string> received_;
  std::vector<std::size_t> answered_; // requests of each connection
};

class ProxyUnderFuzz {
public:
  ProxyUnderFuzz() {
    test::Flow::Options options;
    upstream::OriginOptions origin;
    origin.name = "origin";
    origin.retry.tries = 1;
    origin.servers.emplace_back().address = server_.address();
    options.origin = origin;
    options.route.cache = false; // each request reaches the server
    options.limits.head_bytes = 4096;
    options.limits.body_bytes = 65536;
    options.peers = [this] { return server_.poll(); };
    flow_ = std::make_unique<test::Flow>(options);
  }
  test::Flow& flow() { return *flow_; }

  // The requests that reached the server for what one client sent, in pieces of that size. Every
  // byte that came is part of one of them, or of one whose client stopped in the middle.
  std::vector<test::StrictRequest> pass_on(std::string_view bytes, std::size_t piece) {
    test::Client client = flow_->connect();
    while (!bytes.empty() && !client.is_closed()) {
      client.send(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    settle();
    client.close();
    settle();
    std::vector<test::StrictRequest> all;
    for (const std::string& one : server_.received()) {
      test::StrictReader reader;
      const bool is_good = reader.read_all(one);
      if (!is_good) std::fprintf(stderr, "%s\n%s\n", reader.problem().c_str(), one.c_str());
      require(is_good, "what goes out are requests");
      for (const test::StrictRequest& request : reader.requests()) all.push_back(request);
    }
    server_.forget();
    flow_->advance(std::chrono::minutes(10)); // nothing is kept for the next input
    answers_ = client.wire().from_node;
    return all;
  }
  const std::string& answers() const { return answers_; }

private:
  void settle() {
    flow_->settle();
    flow_->settle();
  }

  KeepingServer server_;
  std::unique_ptr<test::Flow> flow_;
  std::string answers_;
};

} // namespace selvedge::fuzz
