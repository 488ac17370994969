#include <selvedge/codec/h1_writer.hpp>

#include <algorithm>
#include <charconv>

namespace selvedge::codec::h1 {

void Writer::text(std::string_view text) {
  if (!fits_ || text.size() > buffer_.size() - size_) {
    fits_ = false;
    return;
  }
  std::copy(text.begin(), text.end(), buffer_.data() + size_); // nothing may be at nullptr
  size_ += text.size();
}

void Writer::number(std::uint64_t n) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  text({digits, static_cast<std::size_t>(end - digits)});
}

void Writer::field(std::string_view name, std::string_view value) {
  text(name);
  text(": ");
  text(value);
  text("\r\n");
}

void write_status_line(Writer& to, http::Status status) {
  if (status == 200) return to.text("HTTP/1.1 200 OK\r\n");
  to.text("HTTP/1.1 ");
  to.number(status);
  to.text(" ");
  to.text(http::reason_phrase(status));
  to.text("\r\n");
}

void write_request_line(Writer& to, std::string_view method, std::string_view target) {
  to.text(method);
  to.text(" ");
  to.text(target);
  to.text(" HTTP/1.1\r\n");
}

void write_framing(Writer& to, Framing framing, std::uint64_t content_length) {
  if (framing == Framing::content_length) {
    to.text("content-length: ");
    to.number(content_length);
    to.text("\r\n");
  } else if (framing == Framing::chunked) {
    to.text("transfer-encoding: chunked\r\n");
  }
}

std::string_view chunk_head(std::uint64_t bytes, std::span<char, 20> buffer) {
  char* end = std::to_chars(buffer.data(), buffer.data() + 16, bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

} // namespace selvedge::codec::h1
