// Who may ask for what a route has: by address, and with a signed URL. What a route has, who may
// not ask for it gets 403 instead, before anything else is looked at.
// Immutable. Thread: any.
#pragma once

#include <selvedge/base/address_list.hpp>
#include <selvedge/base/arena.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/proxy/options.hpp>
#include <selvedge/proxy/signed_url.hpp>

#include <memory>
#include <optional>

namespace selvedge::proxy {

class AccessRules {
public:
  // Throws std::runtime_error that names what cannot be used.
  explicit AccessRules(const AccessOptions& options);

  bool admits(std::string_view address) const;
  bool wants_token() const { return keys_.has_value(); }
  // Takes the token out of target, cookies and Referer: neither the cache nor the origin sees it.
  // `address` is the client's. Requires: wants_token(); the target is in normal form.
  TokenVerdict take_token(http::RequestHead& request, std::string_view address,
                          std::chrono::sys_seconds now, base::Arena& arena) const;
  // Likewise, where nobody asks.
  std::string_view without_token(std::string_view target, base::Arena& arena) const;

private:
  std::optional<base::AddressList> allow_; // none: everybody
  std::optional<base::AddressList> deny_;  // none: nobody
  std::string parameter_;
  std::optional<UrlKeys> keys_; // none: no token is needed
};

// Null where everybody may have everything.
std::shared_ptr<const AccessRules> make_access_rules(const AccessOptions& options);

} // namespace selvedge::proxy
