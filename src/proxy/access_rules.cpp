#include "access_rules.hpp"

#include "cookie.hpp"

#include <stdexcept>

namespace selvedge::proxy {

namespace {
constexpr std::string_view kReferer = "referer";
}

AccessRules::AccessRules(const AccessOptions& options) : parameter_(options.signed_urls.parameter) {
  if (!options.allow.empty()) allow_.emplace(options.allow);
  if (!options.deny.empty()) deny_.emplace(options.deny);
  if (!options.signed_urls.enabled) return;
  if (options.signed_urls.key_file.empty()) {
    throw std::runtime_error("signed_urls needs a key_file");
  }
  keys_ = UrlKeys::read(options.signed_urls.key_file);
}

bool AccessRules::admits(std::string_view address) const {
  if (deny_ && deny_->contains(address)) return false;
  return !allow_ || allow_->contains(address);
}

TokenVerdict AccessRules::take_token(http::RequestHead& request, std::string_view address,
                                     std::chrono::sys_seconds now, base::Arena& arena) const {
  const SplitTarget split = split_token(request.target, parameter_);
  const std::string_view token =
      arena.copy(split.count > 0 ? split.token : cookie_in(request.fields, parameter_));
  if (split.count > 0) request.target = arena.copy(split.without);
  remove_cookie(request.fields, parameter_, arena);
  if (const http::Field* from = request.fields.find(kReferer)) {
    const std::string_view clean = without_token(from->value, arena);
    request.fields.remove_if(
        [](const http::Field& one) { return http::equals_ignoring_case(one.name, kReferer); });
    request.fields.add(kReferer, clean);
  }
  if (split.count > 1) return TokenVerdict::malformed;
  const bool reads = request.method == http::Method::get || request.method == http::Method::head ||
                     request.method == http::Method::options;
  if (!reads) return TokenVerdict::method;
  return check_token(token, *keys_, request.authority, request.target, address, now);
}

std::string_view AccessRules::without_token(std::string_view target, base::Arena& arena) const {
  if (!wants_token()) return target;
  const SplitTarget split = split_token(target, parameter_);
  return split.count == 0 ? target : arena.copy(split.without);
}

std::shared_ptr<const AccessRules> make_access_rules(const AccessOptions& options) {
  const bool is_open =
      options.allow.empty() && options.deny.empty() && !options.signed_urls.enabled;
  return is_open ? nullptr : std::make_shared<const AccessRules>(options);
}

} // namespace selvedge::proxy
