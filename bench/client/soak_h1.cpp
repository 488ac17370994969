#include "soak_readers.hpp"

#include <algorithm>
#include <charconv>

namespace selvedge::bench {

std::string SoakH1::request(const SoakRequest& request, std::string_view authority) {
  answer_.emplace(request);
  part_ = Part::head;
  is_chunked_ = false;
  std::string bytes = "GET " + request.object.path() + " HTTP/1.1\r\nHost: ";
  bytes += authority;
  if (request.kind == SoakRequest::Kind::range) bytes += "\r\nRange: " + request.range();
  if (request.kind == SoakRequest::Kind::conditional) {
    bytes += "\r\nIf-None-Match: " + request.object.etag();
  }
  return bytes + "\r\n\r\n";
}

bool SoakH1::receive(std::string_view bytes, const OnSoakEnd& on_end) {
  while (!bytes.empty()) {
    if (!answer_) return false;
    if (part_ == Part::content || part_ == Part::chunk || part_ == Part::until_end) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
      answer_->content(bytes.substr(0, count));
      bytes.remove_prefix(count);
      remaining_ -= count;
      if (remaining_ > 0) continue;
      if (part_ == Part::chunk) {
        part_ = Part::chunk_end;
      } else {
        finish(on_end);
      }
      continue;
    }
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    if (!line_.ends_with('\r')) return false;
    line_.pop_back();
    if (!on_line(line_, on_end)) return false;
    line_.clear();
  }
  return true;
}

bool SoakH1::on_line(std::string_view line, const OnSoakEnd& on_end) {
  switch (part_) {
  case Part::head:
    return on_head_line(line) &&
           (part_ != Part::content || remaining_ > 0 || (finish(on_end), true));
  case Part::chunk_size:
    return on_chunk_size(line);
  case Part::chunk_end:
    part_ = Part::chunk_size;
    return line.empty();
  case Part::trailers:
    if (line.empty()) finish(on_end);
    return true;
  default:
    return false;
  }
}

bool SoakH1::on_head_line(std::string_view line) {
  if (line.empty()) {
    if (answer_->end_head()) on_head_end();
    return true;
  }
  if (line.starts_with("HTTP/1.1 ")) {
    answer_->field(":status", line.substr(9, 3));
    return true;
  }
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return false;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  const std::string_view value = line.substr(colon + 2);
  if (name == "transfer-encoding") is_chunked_ = value == "chunked";
  if (name == "connection") is_last_ |= value == "close";
  answer_->field(name, value);
  return true;
}

// RFC 9112, 6.3
void SoakH1::on_head_end() {
  part_ = Part::content;
  remaining_ = 0;
  if (answer_->status() == 304 || answer_->status() == 204) return;
  if (is_chunked_) {
    part_ = Part::chunk_size;
  } else if (answer_->length()) {
    remaining_ = *answer_->length();
  } else {
    part_ = Part::until_end;
    remaining_ = ~std::uint64_t{0};
    is_last_ = true;
  }
}

bool SoakH1::on_chunk_size(std::string_view line) {
  const auto read = std::from_chars(line.data(), line.data() + line.size(), remaining_, 16);
  part_ = remaining_ == 0 ? Part::trailers : Part::chunk;
  return read.ec == std::errc{} && read.ptr == line.data() + line.size();
}

void SoakH1::finish(const OnSoakEnd& on_end) {
  SoakAnswer answer = std::move(*answer_);
  answer_.reset();
  on_end(answer, answer.end(true), false);
}

void SoakH1::end(const OnSoakEnd& on_end) {
  if (!answer_) return;
  SoakAnswer answer = std::move(*answer_);
  answer_.reset();
  // Without a length, the end of the connection is the end of the content, cut off or not.
  on_end(answer, answer.end(part_ == Part::until_end && answer.status() >= 400), is_last_);
}

} // namespace selvedge::bench
