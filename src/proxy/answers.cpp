#include "answers.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace selvedge::proxy {

using base::ErrorCode;
using http::CacheOutcome;

namespace {

// Joins texts in an arena without a string in between.
class Text {
public:
  explicit Text(base::Arena& arena) : at_(static_cast<char*>(arena.allocate(kRoom, 1))) {}
  Text& operator<<(std::string_view text) {
    const std::size_t size = std::min(text.size(), kRoom - size_);
    std::memcpy(at_ + size_, text.data(), size);
    size_ += size;
    return *this;
  }
  Text& operator<<(std::int64_t number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }
  std::string_view view() const { return {at_, size_}; }

private:
  static constexpr std::size_t kRoom = 192;
  char* at_;
  std::size_t size_ = 0;
};

} // namespace

std::string_view cache_status_text(std::string_view node, const CacheStatusParts& parts,
                                   base::Arena& arena) {
  Text text(arena);
  text << node;
  if (parts.outcome == CacheOutcome::hit || parts.outcome == CacheOutcome::stale) {
    if (parts.forward_reason.empty()) text << "; hit";
  }
  if (!parts.forward_reason.empty()) text << "; fwd=" << parts.forward_reason;
  if (parts.forward_status != 0) text << "; fwd-status=" << std::int64_t{parts.forward_status};
  if (parts.is_stored) text << "; stored";
  if (parts.outcome == CacheOutcome::collapsed) text << "; collapsed";
  if (parts.ttl) text << "; ttl=" << parts.ttl->count();
  if (!parts.detail.empty()) text << "; detail=" << parts.detail;
  return text.view();
}

std::string_view proxy_status_text(std::string_view node, base::Error error, base::Arena& arena) {
  Text text(arena);
  text << node << "; error=" << base::proxy_status_error(error);
  return text.view();
}

http::Status status_of(base::Error error) {
  const bool is_ours = error.source == base::ErrorSource::downstream;
  switch (error.code) {
  case ErrorCode::bad_request:
    return 400;
  case ErrorCode::head_too_large:
    return 431;
  case ErrorCode::target_too_long:
    return 414;
  case ErrorCode::body_too_large:
    return 413;
  case ErrorCode::expectation:
    return 417;
  case ErrorCode::not_implemented:
    return 501;
  case ErrorCode::http_version:
    return 505;
  case ErrorCode::timeout:
    return is_ours ? 408 : 504;
  case ErrorCode::connect_timeout:
    return 504;
  case ErrorCode::connect_refused:
  case ErrorCode::name_not_resolved:
  case ErrorCode::tls_failed:
  case ErrorCode::certificate:
  case ErrorCode::closed:
  case ErrorCode::protocol:
  case ErrorCode::mismatch:
  case ErrorCode::too_large:
  case ErrorCode::server_error:
    return 502;
  case ErrorCode::no_origin:
  case ErrorCode::overloaded:
    return 503;
  case ErrorCode::not_found:
    return 404;
  case ErrorCode::none:
  case ErrorCode::cancelled:
  case ErrorCode::io:
  case ErrorCode::internal:
    return 500;
  }
  return 500;
}

std::string_view number_text(std::int64_t number, base::Arena& arena) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return arena.copy({digits, static_cast<std::size_t>(end - digits)});
}

std::string_view purge_content(std::uint64_t epoch, std::size_t matched, base::Arena& arena) {
  Text text(arena);
  text << "{\"epoch\":" << static_cast<std::int64_t>(epoch)
       << ",\"matched\":" << static_cast<std::int64_t>(matched) << "}\n";
  return text.view();
}

std::string_view error_content(http::Status status, base::Arena& arena) {
  Text text(arena);
  text << std::int64_t{status} << " " << http::reason_phrase(status) << "\n";
  return text.view();
}

} // namespace selvedge::proxy
