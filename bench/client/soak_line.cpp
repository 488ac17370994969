#include "soak_line.hpp"

#include <utility>

namespace selvedge::bench {

namespace {

constexpr std::size_t kMostRequests = 600; // of a connection

} // namespace

void SoakLine::connect() {
  authority_ = "127.0.0.1:" + std::to_string(options_.connection.port);
  live_ = std::make_unique<Live>(options_.connection);
  live_->left = 1 + random_() % kMostRequests;
  if (!options_.is_h2) return;
  live_->reader.emplace<SoakH2>();
  live_->unsent = std::get<SoakH2>(live_->reader).opening();
}

std::size_t SoakLine::asked() const {
  return std::visit([](const auto& reader) { return reader.asked(); }, live_->reader);
}

bool SoakLine::is_over() const {
  const bool is_last =
      std::visit([](const auto& reader) { return reader.is_last(); }, live_->reader);
  return (is_last || live_->left == 0) && asked() == 0;
}

bool SoakLine::has_room() const {
  if (!live_ || !live_->is_open || live_->left == 0) return false;
  const bool is_last =
      std::visit([](const auto& reader) { return reader.is_last(); }, live_->reader);
  return !is_last && asked() < options_.depth;
}

void SoakLine::request(const SoakRequest& request) {
  --live_->left;
  if (SoakH2* h2 = std::get_if<SoakH2>(&live_->reader)) {
    live_->unsent += h2->request(request, authority_, options_.connection.context != nullptr);
  } else {
    live_->unsent += std::get<SoakH1>(live_->reader).request(request, authority_);
  }
}

OnSoakEnd SoakLine::into(std::vector<SoakEnd>& ends, bool is_stuck) {
  return [this, &ends, is_stuck](SoakAnswer& answer, SoakOutcome outcome, bool is_told) {
    ends.push_back({std::move(answer), outcome, live_->answered > 0, is_told, is_stuck});
    ++live_->answered;
  };
}

// Clients of HTTP/2 need not wait for the server's SETTINGS (RFC 9113, 3.4), and these do not.
bool SoakLine::open() {
  if (live_->is_open) return true;
  const Io state = live_->connection.open();
  live_->is_open = state == Io::ok;
  return state != Io::closed;
}

// False: the connection has ended.
bool SoakLine::flush() {
  while (!live_->unsent.empty()) {
    const Transfer sent = live_->connection.write(live_->unsent);
    if (sent.state == Io::closed) return false;
    if (sent.bytes == 0) return true;
    live_->unsent.erase(0, sent.bytes);
  }
  return true;
}

bool SoakLine::read(std::span<char> scratch, const OnSoakEnd& on_end) {
  for (;;) {
    const Transfer got = live_->connection.read(scratch);
    if (got.state == Io::closed) return false;
    if (got.state != Io::ok) return true;
    const std::string_view bytes(scratch.data(), got.bytes);
    const bool is_right =
        std::visit([&](auto& reader) { return reader.receive(bytes, on_end); }, live_->reader);
    if (!is_right) return false;
    if (SoakH2* h2 = std::get_if<SoakH2>(&live_->reader)) {
      live_->unsent += std::exchange(h2->reply, {});
    }
  }
}

bool SoakLine::advance(std::span<char> scratch, std::vector<SoakEnd>& ends) {
  const std::size_t before = ends.size();
  bool goes_on = open();
  if (goes_on && live_->is_open) {
    // What cannot be sent any more may have been answered: a server may refuse and close.
    const bool is_sent = flush();
    goes_on = read(scratch, into(ends)) && is_sent && flush() && !is_over();
  }
  const bool has_answer = ends.size() > before;
  if (!goes_on) close(ends, false);
  return has_answer;
}

void SoakLine::close(std::vector<SoakEnd>& ends, bool is_stuck) {
  std::visit([&](auto& reader) { reader.end(into(ends, is_stuck)); }, live_->reader);
  if (!live_->is_open) ++unopened_;
  live_.reset();
}

void SoakLine::give_up_before(SoakRequest::Clock::time_point moment, std::vector<SoakEnd>& ends) {
  if (!live_ || asked() == 0) return;
  const auto oldest = std::visit([](const auto& reader) { return reader.oldest(); }, live_->reader);
  if (oldest < moment) close(ends, true);
}

} // namespace selvedge::bench
