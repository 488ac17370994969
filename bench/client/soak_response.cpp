#include "soak_response.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace selvedge::bench {

namespace {

std::string_view field_of(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  };
  const std::string start = "\r\n" + std::string(name) + ": ";
  const auto found = std::search(head.begin(), head.end(), start.begin(), start.end(), same);
  if (found == head.end()) return {};
  const auto begin = static_cast<std::size_t>(found - head.begin()) + start.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

// Most have a lifetime of 1 to 60 s; the others try each rule about what may be stored.
std::string cache_control(const SoakObject& object) {
  const std::string lifetime = "max-age=" + std::to_string(1 + object.chosen(1) % 60);
  switch (object.chosen(2) % 20) {
  case 0:
    return "Cache-Control: no-store\r\n";
  case 1:
    return "Cache-Control: no-cache\r\n";
  case 2:
    return ""; // the route's default_lifetime
  case 3:
    return "Cache-Control: " + lifetime + ", must-revalidate\r\n";
  case 4:
  case 5:
    return "Cache-Control: " + lifetime + ", stale-if-error=30\r\n";
  case 6:
  case 7:
    return "Cache-Control: " + lifetime + ", stale-while-revalidate=10\r\n";
  default:
    return "Cache-Control: " + lifetime + "\r\n";
  }
}

// "bytes=FIRST-LAST" within the object; others are not understood, and all is sent.
bool parse_range(std::string_view text, std::size_t& first, std::size_t& last, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return false;
  const char* const end = text.data() + text.size();
  const auto begin = std::from_chars(text.data() + kUnit.size(), end, first);
  if (begin.ec != std::errc{} || begin.ptr == end || *begin.ptr != '-') return false;
  last = size - 1;
  const auto rest = std::from_chars(begin.ptr + 1, end, last);
  last = std::min(last, size - 1);
  return (begin.ptr + 1 == end || rest.ptr == end) && first <= last;
}

} // namespace

SoakFault soak_fault(std::string_view word) {
  static constexpr std::array<std::string_view, 9> kWords{
      "ok", "stall", "slow", "errors", "cut", "reset", "short", "garbage", "heads"};
  const auto found = std::ranges::find(kWords, word);
  if (found == kWords.end()) throw std::runtime_error("no fault: " + std::string(word));
  return static_cast<SoakFault>(found - kWords.begin());
}

SoakResponse::SoakResponse(std::string_view request_head, SoakFault fault, std::uint64_t number) {
  if (fault == SoakFault::errors) {
    refuse(number % 2 == 0 ? "500 Internal Server Error" : "503 Service Unavailable");
    return;
  }
  begin(request_head, number);
  spoil(fault, number);
}

void SoakResponse::refuse(std::string_view status) {
  head_ = "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 6\r\n\r\nerror\n";
}

void SoakResponse::begin(std::string_view request_head, std::uint64_t number) {
  const std::size_t from = request_head.find(' ') + 1;
  const auto object =
      SoakObject::parse(request_head.substr(from, request_head.find(' ', from) - from));
  if (!object || !request_head.starts_with("GET ")) return refuse("404 Not Found");
  object_ = *object;
  const std::string fields = "ETag: " + object_.etag() + "\r\n" + cache_control(object_);
  if (field_of(request_head, "if-none-match").find(object_.etag()) != std::string_view::npos) {
    head_ = "HTTP/1.1 304 Not Modified\r\n" + fields + "\r\n";
    return;
  }
  std::size_t last = 0;
  end_ = object_.size;
  if (parse_range(field_of(request_head, "range"), offset_, last, object_.size)) {
    end_ = last + 1;
    head_ = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(offset_) +
            '-' + std::to_string(last) + '/' + std::to_string(object_.size) + "\r\n";
  } else {
    offset_ = 0;
    head_ = "HTTP/1.1 200 OK\r\n";
  }
  is_chunked_ = has_last_chunk_ = (object_.chosen(3) + number) % 4 == 0;
  const std::string length = "Content-Length: " + std::to_string(end_ - offset_);
  head_ += (is_chunked_ ? "Transfer-Encoding: chunked" : length) + "\r\n" + fields + "\r\n";
}

void SoakResponse::spoil(SoakFault fault, std::uint64_t number) {
  static const std::array<std::string, 6> kHeads{
      "HTTP/1.1 2OO OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nwrong",
      "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nwrong",
      "HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 5\r\n\r\nwrong",
      "HTTP/1.1 200 OK\r\nX: " + std::string(128 << 10, 'x') + "\r\n\r\n",
      std::string("\0\x01\x02 wrong\r\n\r\n", 12),
  };
  switch (fault) {
  case SoakFault::heads:
    head_ = kHeads[number % kHeads.size()];
    end_ = offset_;
    has_last_chunk_ = false;
    closes_ = true;
    break;
  case SoakFault::cut:
  case SoakFault::reset:
    end_ = offset_ + (end_ - offset_) / 2;
    has_last_chunk_ = false;
    closes_ = true;
    resets_ = fault == SoakFault::reset;
    break;
  case SoakFault::short_by_one:
    if (end_ > offset_) --end_;
    has_last_chunk_ = false;
    closes_ = true;
    break;
  case SoakFault::garbage:
    has_garbage_ = is_chunked_;
    closes_ = is_chunked_;
    break;
  default:
    break;
  }
}

std::string SoakResponse::next() {
  if (!head_.empty()) return std::exchange(head_, {}) + piece();
  return piece();
}

std::string SoakResponse::piece() {
  constexpr std::size_t kMost = 64 << 10;
  const std::size_t size = std::min(kMost, end_ - offset_);
  std::string bytes(size, '\0');
  fill_content(object_, offset_, bytes);
  offset_ += size;
  const bool is_end = offset_ == end_;
  if (!is_chunked_) return bytes;
  std::string chunk;
  if (size > 0) {
    std::array<char, 16> line;
    const int length = std::snprintf(line.data(), line.size(), "%zx\r\n", size);
    chunk = std::string(line.data(), static_cast<std::size_t>(length)) + bytes + "\r\n";
  }
  if (is_end && std::exchange(has_garbage_, false)) {
    has_last_chunk_ = false;
    return chunk + "wrong\r\n";
  }
  if (is_end && std::exchange(has_last_chunk_, false)) chunk += "0\r\n\r\n";
  return chunk;
}

} // namespace selvedge::bench
