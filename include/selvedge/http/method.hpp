// Request methods (RFC 9110, 9.3). Methods are case-sensitive; an unlisted one is `other` and keeps
// its text in the request head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace selvedge::http {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  options,
  connect,
  trace,
  patch,
  purge,
  other
};

// Twice what the longest of those that are registered has.
constexpr std::size_t kLongestMethod = 34;

Method method_of(std::string_view text);
std::string_view text_of(Method method); // "" for other

// RFC 9110, 9.2.1 and 9.2.2; `other` is neither.
bool is_safe(Method method);
bool is_idempotent(Method method);

} // namespace selvedge::http
