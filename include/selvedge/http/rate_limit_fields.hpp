// RateLimit-Policy and RateLimit: what a tenant may ask for, and what is left of it
// (draft-ietf-httpapi-ratelimit-headers-11). Both are Lists of Strings with parameters (RFC 9651).
// Values of fixed size that hold their own text and never allocate. Thread: any.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace selvedge::http {

// Lower case, as HTTP/2 needs.
inline constexpr std::string_view kRateLimitPolicyField = "ratelimit-policy";
inline constexpr std::string_view kRateLimitField = "ratelimit";

// draft-ietf-httpapi-ratelimit-headers-11, 3.1.2
enum class QuotaUnit : std::uint8_t {
  requests, // the default, and not written
  concurrent_requests,
};

// What a policy gives to each tenant (3.1). Stays the same over many responses.
struct QuotaPolicy {
  std::string_view name;
  std::uint64_t quota = 0;
  std::optional<std::chrono::seconds> window{}; // 1 s at least is written
  QuotaUnit unit = QuotaUnit::requests;
};

// What is left of it for this tenant now (4.1).
struct ServiceLimit {
  std::string_view policy; // its name
  std::uint64_t available = 0;
  // The time in which no more than that can be used. Written in whole seconds, rounded up: who
  // comes back after it is not early. The same goes into Retry-After, which may not be earlier (6).
  std::optional<std::chrono::nanoseconds> effective_window{};
};

// A field's value.
class RateLimitText {
public:
  static constexpr std::size_t kBytes = 384; // room for two items at least

  // Empty: the field is not sent (RFC 9651, 4.1).
  std::string_view view() const { return {text_.data(), size_}; }
  // One member of the list. False: there is no room for it, and nothing was added.
  bool add(std::string_view item);

private:
  std::array<char, kBytes> text_; // the first size_ bytes are set
  std::size_t size_ = 0;
};

// As many whole items as fit, the first ones first. Names become Strings of RFC 9651, 3.3.3: quotes
// and backslashes are escaped; bytes that no String may hold (control characters, all beyond ASCII)
// become %xx, as in its Display Strings; what is beyond kPolicyNameBytes as so written is cut off.
// Both fields write a name alike.
inline constexpr std::size_t kPolicyNameBytes = 120;
RateLimitText rate_limit_policy_text(std::span<const QuotaPolicy> policies);
RateLimitText rate_limit_text(std::span<const ServiceLimit> limits);

} // namespace selvedge::http
