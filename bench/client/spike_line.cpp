#include "spike_line.hpp"

#include "h2_frames.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace selvedge::bench {

SpikeLine::SpikeLine(Options options)
    : options_(std::move(options)),
      authority_("127.0.0.1:" + std::to_string(options_.connection.port)),
      after_path_(" HTTP/1.1\r\nHost: " + authority_ + "\r\n") {
  if (!options_.header.empty()) after_path_ += options_.header + ": " + options_.value + "\r\n";
  after_path_ += "\r\n";
}

void SpikeLine::connect(SSL_SESSION* session) {
  live_.emplace(options_.connection);
  if (session != nullptr) SSL_set_session(live_->connection.tls(), session);
  if (options_.is_h2) live_->unsent = h2_opening();
}

std::vector<EndedRequest> SpikeLine::close() {
  std::vector<EndedRequest> abandoned;
  if (!live_) return abandoned;
  for (const Waiting& one : live_->waiting) {
    if (!one.is_done) abandoned.push_back({one.request.due, Outcome::closed, 0});
  }
  // Without a close_notify OpenSSL takes the session for spoilt, and does not resume it.
  if (live_->is_open && !live_->is_broken) live_->connection.end_output();
  live_.reset();
  return abandoned;
}

bool SpikeLine::has_room() const {
  if (!live_ || live_->is_broken || is_last()) return false;
  std::size_t most = options_.depth;
  if (options_.is_h2) {
    if (!live_->h2.has_settings) return false;
    most = std::min<std::size_t>(most, live_->h2.most_streams);
  }
  return asked() < most;
}

void SpikeLine::request(Us due, std::string_view path) {
  live_->waiting.push_back({{due, Outcome::ok, 0}, false});
  std::string& unsent = live_->unsent;
  if (!options_.is_h2) {
    unsent += "GET ";
    unsent += path;
    unsent += after_path_;
    return;
  }
  unsent += h2_request_with({.stream = live_->next_stream,
                             .is_https = options_.connection.context != nullptr,
                             .authority = authority_,
                             .path = path,
                             .header = options_.header,
                             .value = options_.value});
  live_->next_stream += 2;
}

void SpikeLine::flush() {
  if (!live_ || !live_->is_open) return;
  std::string& unsent = live_->unsent;
  while (!unsent.empty()) {
    const Transfer sent = live_->connection.write(unsent);
    if (sent.state == Io::closed) live_->is_broken = true;
    if (sent.bytes == 0) return;
    unsent.erase(0, sent.bytes);
  }
}

void SpikeLine::open() {
  if (live_->is_open) return;
  const Io state = live_->connection.open();
  live_->is_open = state == Io::ok;
  live_->is_broken = state == Io::closed;
}

const std::vector<EndedRequest>& SpikeLine::advance(std::span<char> scratch) {
  ended_.clear();
  open();
  flush();
  if (!live_->is_open) return ended_;
  read(scratch);
  if (options_.is_h2) live_->unsent += std::exchange(live_->h2.reply, {});
  flush();
  return ended_;
}

void SpikeLine::read(std::span<char> scratch) {
  while (!live_->is_broken && read_once(scratch)) {
    for (const Answer& answer : answers()) take(answer);
    answers().clear();
  }
}

bool SpikeLine::read_once(std::span<char> scratch) {
  // Content is left in the kernel: it is dropped there without a copy, so that the generator's
  // core keeps up with servers that send much.
  if (!options_.is_h2 && live_->connection.tls() == nullptr && live_->h1.remaining() > 0) {
    const std::size_t most = std::min<std::uint64_t>(live_->h1.remaining(), scratch.size());
    const ssize_t skipped = ::recv(descriptor(), scratch.data(), most, MSG_TRUNC);
    if (skipped > 0) live_->h1.skip(static_cast<std::uint64_t>(skipped));
    if (skipped == 0 || (skipped < 0 && errno != EAGAIN)) live_->is_broken = true;
    return skipped > 0;
  }
  constexpr std::size_t kHead = 2048; // of an answer, so that little of its content is copied
  const bool is_head = !options_.is_h2 && live_->connection.tls() == nullptr;
  const Transfer got =
      live_->connection.read(is_head ? scratch.first(std::min(kHead, scratch.size())) : scratch);
  if (got.state == Io::closed) live_->is_broken = true;
  if (got.state != Io::ok) return false;
  const std::string_view bytes(scratch.data(), got.bytes);
  if (options_.is_h2) {
    live_->h2.receive(bytes);
  } else if (!live_->h1.receive(bytes)) {
    live_->is_broken = true;
  }
  return true;
}

void SpikeLine::take(const Answer& answer) {
  std::deque<Waiting>& waiting = live_->waiting;
  const std::size_t index = options_.is_h2 ? answer.stream / 2 - live_->first : 0;
  if (index >= waiting.size() || waiting[index].is_done) {
    live_->is_broken = true; // an answer that nobody has asked for
    return;
  }
  waiting[index].is_done = true;
  ++live_->holes;
  ended_.push_back({waiting[index].request.due, answer.outcome, answer.bytes});
  for (; !waiting.empty() && waiting.front().is_done; ++live_->first, --live_->holes) {
    waiting.pop_front();
  }
}

} // namespace selvedge::bench
