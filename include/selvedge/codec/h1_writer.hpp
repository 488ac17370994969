// HTTP/1.1 heads to bytes (RFC 9112). Everything is appended to a caller's buffer; nothing
// allocates when it has room. Thread: one.
#pragma once

#include <selvedge/http/head.hpp>
#include <selvedge/http/head_block.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace selvedge::codec::h1 {

// Appends text to a fixed buffer; once something did not fit, nothing more is written and fits() is
// false.
class Writer {
public:
  explicit Writer(std::span<char> buffer) : buffer_(buffer) {}

  void text(std::string_view text);
  void number(std::uint64_t n);
  void field(std::string_view name, std::string_view value);
  void end_of_head() { text("\r\n"); }

  bool fits() const { return fits_; }
  std::size_t size() const { return size_; }
  std::string_view written() const { return {buffer_.data(), size_}; }

private:
  std::span<char> buffer_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

enum class Framing : std::uint8_t { none, content_length, chunked, until_close };

void write_status_line(Writer& to, http::Status status);
void write_request_line(Writer& to, std::string_view method, std::string_view target);
void write_framing(Writer& to, Framing framing, std::uint64_t content_length);
// "1a2b\r\n": what stands before that many bytes of a chunk; "\r\n" goes behind them.
std::string_view chunk_head(std::uint64_t bytes, std::span<char, 20> buffer);

} // namespace selvedge::codec::h1
