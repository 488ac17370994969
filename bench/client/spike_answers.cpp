#include "spike_answers.hpp"

#include "h2_frames.hpp"
#include "h2_wire.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace selvedge::bench {

namespace {

constexpr std::size_t kMostHead = 65536;

Outcome outcome_of(std::string_view status) {
  if (status == "200") return Outcome::ok;
  return status == "429" || status == "503" ? Outcome::rejected : Outcome::error;
}

// The value of a field, without its case; `name` is lower case.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  };
  const std::string wanted = "\r\n" + std::string(name) + ":";
  const auto found = std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), same);
  if (found == head.end()) return std::nullopt;
  head.remove_prefix(static_cast<std::size_t>(found - head.begin()) + wanted.size());
  while (head.starts_with(' ')) head.remove_prefix(1);
  return head.substr(0, head.find('\r'));
}

} // namespace

bool H1Answers::receive(std::string_view bytes) {
  while (!bytes.empty()) {
    if (is_in_content_) {
      const auto n = std::min<std::uint64_t>(remaining_, bytes.size());
      bytes.remove_prefix(n);
      skip(n);
      continue;
    }
    const std::size_t had = head_.size();
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return head_.size() < kMostHead;
    bytes.remove_prefix(end + 4 - had);
    head_.resize(end + 4);
    if (!on_head()) return false;
    head_.clear();
  }
  return true;
}

void H1Answers::skip(std::uint64_t bytes) {
  remaining_ -= bytes;
  answer_.bytes += bytes;
  end_if_complete();
}

void H1Answers::end_if_complete() {
  if (remaining_ > 0) return;
  ended.push_back(answer_);
  is_in_content_ = false;
}

bool H1Answers::on_head() {
  constexpr std::string_view kStart = "HTTP/1.1 ";
  if (!head_.starts_with(kStart)) return false;
  const std::string_view status = std::string_view(head_).substr(kStart.size(), 3);
  if (status.starts_with('1')) return true; // an interim answer (RFC 9110, 15.2)
  if (const auto connection = field(head_, "connection")) {
    is_last = is_last || *connection == "close" || *connection == "Close";
  }
  answer_ = {.outcome = outcome_of(status)};
  // RFC 9112, 6.3: a 304 has no content, whatever its length says.
  const auto length = field(head_, "content-length");
  if (!length && status != "204" && status != "304") return false;
  remaining_ = 0;
  if (length && status != "304") {
    const auto parsed =
        std::from_chars(length->data(), length->data() + length->size(), remaining_);
    if (parsed.ec != std::errc{}) return false;
  }
  is_in_content_ = true;
  end_if_complete();
  return true;
}

// --- HTTP/2

namespace {

constexpr std::uint32_t kRefusedStream = 7, kEnhanceYourCalm = 11; // RFC 9113, 7

// A string shorter than 127 octets (RFC 7541, 5.2).
std::string short_string(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}

// What the first field of an answer's block says. The statuses that the static table has are
// indexed; 429 and 503 are not among them, and may come in any form (RFC 7541, appendix A).
Outcome outcome_of_block(std::string_view block) {
  constexpr unsigned char kStatus200 = 0x88, kStatus500 = 0x8e;
  block = after_table_sizes(block);
  if (block.empty()) return Outcome::error;
  const auto first = static_cast<unsigned char>(block[0]);
  if (first == kStatus200) return Outcome::ok;
  return first > kStatus200 && first <= kStatus500 ? Outcome::error : Outcome::rejected;
}

} // namespace

std::string h2_request_with(const H2Request& request) {
  const std::string_view scheme = request.is_https ? "https" : "http";
  std::string bytes = h2_request(request.stream, scheme, request.authority, request.path);
  if (request.header.empty()) return bytes;
  bytes += '\0' + short_string(request.header) + short_string(request.value);
  return octets(static_cast<std::uint32_t>(bytes.size() - kFrameHead), 3) + bytes.substr(3);
}

StreamAnswers::Open& StreamAnswers::open(std::uint32_t stream) {
  const auto found = std::ranges::find(open_, stream, &std::pair<std::uint32_t, Open>::first);
  if (found != open_.end()) return found->second;
  return open_.emplace_back(stream, Open{}).second;
}

void StreamAnswers::end(std::uint32_t stream) {
  const Open& one = open(stream);
  ended.push_back({stream, one.outcome, one.bytes});
  std::erase_if(open_, [stream](const auto& other) { return other.first == stream; });
}

void StreamAnswers::receive(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_ > 0) {
      const std::size_t n = std::min<std::uint64_t>(skip_, bytes.size());
      bytes.remove_prefix(n);
      skip_ -= n;
      if (skip_ == 0 && ends_with_ != 0) end(ends_with_);
      continue;
    }
    const std::size_t had = held_.size();
    const std::size_t wanted = had < kFrameHead ? kFrameHead : kFrameHead + FrameHead(held_).length;
    const std::size_t n = std::min(wanted - had, bytes.size());
    held_ += bytes.substr(0, n);
    bytes.remove_prefix(n);
    if (held_.size() < kFrameHead) return;
    const FrameHead head(held_);
    if (head.type == data) {
      on_data(head);
    } else if (held_.size() == kFrameHead + head.length) {
      on_frame(head, std::string_view(held_).substr(kFrameHead));
    } else {
      continue;
    }
    held_.clear();
  }
}

void StreamAnswers::on_data(const FrameHead& head) {
  skip_ = head.length;
  ends_with_ = (head.flags & kEndStream) != 0 ? head.stream : 0;
  open(head.stream).bytes += head.length;
  if (skip_ == 0 && ends_with_ != 0) end(ends_with_);
  unreturned_ += head.length;
  if (unreturned_ < kReturnAfter) return;
  reply += frame(window_update, 0, 0, octets(static_cast<std::uint32_t>(unreturned_), 4));
  unreturned_ = 0;
}

void StreamAnswers::on_settings(const FrameHead& head, std::string_view payload) {
  constexpr std::uint32_t kMostStreams = 3;
  if ((head.flags & kAck) != 0) return;
  for (; payload.size() >= 6; payload.remove_prefix(6)) {
    if (number(payload.substr(0, 2)) == kMostStreams) most_streams = number(payload.substr(2, 4));
  }
  has_settings = true;
  reply += frame(settings, kAck, 0, {});
}

void StreamAnswers::on_headers(const FrameHead& head, std::string_view payload) {
  const std::size_t before =
      ((head.flags & kPadded) != 0 ? 1u : 0u) + ((head.flags & kPriority) != 0 ? 5u : 0u);
  payload.remove_prefix(std::min(before, payload.size()));
  open(head.stream).outcome = outcome_of_block(payload);
  if ((head.flags & kEndStream) != 0) end(head.stream);
}

void StreamAnswers::on_frame(const FrameHead& head, std::string_view payload) {
  switch (head.type) {
  case settings:
    on_settings(head, payload);
    break;
  case ping:
    if ((head.flags & kAck) == 0) reply += frame(ping, kAck, 0, payload);
    break;
  case headers:
    on_headers(head, payload);
    break;
  case reset: {
    const std::uint32_t code = number(payload);
    const bool is_refused = code == kRefusedStream || code == kEnhanceYourCalm;
    open(head.stream).outcome = is_refused ? Outcome::rejected : Outcome::closed;
    end(head.stream);
    break;
  }
  case goaway:
    is_last = true;
    break;
  default:
    break; // WINDOW_UPDATE: requests have no content to send
  }
}

} // namespace selvedge::bench
