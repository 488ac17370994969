#include <selvedge/http/method.hpp>

#include <algorithm>
#include <array>

namespace selvedge::http {

namespace {

// In the order of Method.
constexpr std::array<std::string_view, 11> kMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH", "PURGE", ""};
static_assert(kMethods.size() == static_cast<std::size_t>(Method::other) + 1);

} // namespace

Method method_of(std::string_view text) {
  if (text.empty()) return Method::other;
  const auto found = std::find(kMethods.begin(), kMethods.end(), text);
  if (found == kMethods.end()) return Method::other;
  return static_cast<Method>(found - kMethods.begin());
}

std::string_view text_of(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

bool is_safe(Method method) {
  return method == Method::get || method == Method::head || method == Method::options ||
         method == Method::trace;
}

bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::put || method == Method::delete_;
}

} // namespace selvedge::http
