#include "exchange_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace selvedge::bench {

namespace {

constexpr std::uint32_t kMostStreams = 128;

// RFC 9112, 6.3: every server here says how long its answer is.
std::uint64_t content_length(std::string_view head) {
  static constexpr std::string_view kName = "\r\ncontent-length:";
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  };
  const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(), same);
  if (found == head.end()) throw std::runtime_error("an answer has no Content-Length");
  head.remove_prefix(static_cast<std::size_t>(found - head.begin()) + kName.size());
  while (head.starts_with(' ')) head.remove_prefix(1);
  std::uint64_t length = 0;
  std::from_chars(head.data(), head.data() + head.size(), length);
  return length;
}

} // namespace

ExchangeLine::ExchangeLine(const Options& options)
    : connection_(options.connection), is_h2_(options.is_h2), authority_(options.authority),
      path_(options.path) {
  if (is_h2_) unsent_ = h2_opening();
}

bool ExchangeLine::open() {
  if (!is_open_) {
    const Io state = connection_.open();
    if (state == Io::closed) throw std::runtime_error("a connection cannot be opened");
    if (state != Io::ok) return false;
    is_open_ = true;
  }
  if (!is_h2_) return true;
  flush();
  receive();
  flush();
  return answers_.has_settings && answers_.is_acknowledged;
}

bool ExchangeLine::has_room() const {
  if (!is_h2_) return waiting_.empty();
  return open_streams_ < std::min(kMostStreams, answers_.most_streams);
}

void ExchangeLine::request(Id id) {
  if (!is_h2_) {
    waiting_.push_back(id);
    unsent_ += "GET " + path_ + " HTTP/1.1\r\nHost: " + authority_ + "\r\n\r\n";
    return;
  }
  const char* scheme = connection_.tls() != nullptr ? "https" : "http";
  unsent_ += h2_request(next_stream_, scheme, authority_, path_);
  next_stream_ += 2;
  streams_.push_back(id);
  ++open_streams_;
}

void ExchangeLine::flush() {
  while (!unsent_.empty()) {
    const Transfer sent = connection_.write(unsent_);
    if (sent.state == Io::closed) throw std::runtime_error("a connection was closed");
    if (sent.bytes == 0) return;
    unsent_.erase(0, sent.bytes);
  }
}

const std::vector<ExchangeLine::Id>& ExchangeLine::receive() {
  done_.clear();
  std::array<char, 65536> buffer;
  for (;;) {
    const Transfer got = connection_.read(buffer);
    if (got.state == Io::closed) throw std::runtime_error("a connection was closed");
    if (got.state != Io::ok) return done_;
    const std::string_view bytes(buffer.data(), got.bytes);
    is_h2_ ? receive_h2(bytes) : receive_h1(bytes);
    // A cleartext read that leaves room has taken all there was; the next event tells of more.
    if (connection_.tls() == nullptr && got.bytes < buffer.size()) return done_;
  }
}

void ExchangeLine::receive_h1(std::string_view bytes) {
  while (!bytes.empty()) {
    if (remaining_ > 0) {
      const auto n = std::min<std::uint64_t>(remaining_, bytes.size());
      bytes.remove_prefix(n);
      remaining_ -= n;
    } else {
      const std::size_t had = head_.size();
      head_ += bytes;
      const std::size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      bytes.remove_prefix(end + 4 - had);
      head_.resize(end + 4);
      if (!head_.starts_with("HTTP/1.1 200")) throw std::runtime_error("an answer is no 200");
      remaining_ = content_length(head_);
      head_.clear();
    }
    if (remaining_ > 0) continue;
    if (waiting_.empty()) throw std::runtime_error("an answer that nobody has asked for");
    done_.push_back(waiting_.front());
    waiting_.pop_front();
  }
}

void ExchangeLine::receive_h2(std::string_view bytes) {
  static constexpr Id kDone = ~Id{0};
  answers_.receive(bytes);
  if (answers_.failures > 0) throw std::runtime_error("a request failed");
  unsent_ += std::exchange(answers_.reply, {});
  for (const std::uint32_t stream : answers_.ended) {
    const std::uint32_t index = stream / 2 - first_;
    if (index >= streams_.size() || streams_[index] == kDone) {
      throw std::runtime_error("an answer that nobody has asked for");
    }
    done_.push_back(std::exchange(streams_[index], kDone));
    --open_streams_;
  }
  answers_.ended.clear();
  for (; !streams_.empty() && streams_.front() == kDone; ++first_) streams_.pop_front();
}

} // namespace selvedge::bench
