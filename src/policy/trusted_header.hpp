// Who asks, as a proxy says that is believed. Immutable; thread: any.
#pragma once

#include "carried.hpp"
#include "tier_names.hpp"

#include <selvedge/base/address_list.hpp>
#include <selvedge/policy/identity.hpp>

#include <optional>
#include <string_view>

namespace selvedge::policy {

class TrustedHeader {
public:
  // Throws std::runtime_error that names a tier or a network which is none.
  explicit TrustedHeader(const PolicySet& policy);

  bool is_used() const { return is_used_; }
  const std::string& tier_field() const { return tier_.name(); }
  const std::string& tenant_field() const { return tenant_.name(); } // empty: none
  // Nothing from others, or for a tier that does not exist. The tenant may be kNoTenant.
  std::optional<Identity> identity_of(const http::FieldList& fields,
                                      std::string_view peer_address) const;

private:
  bool is_used_;
  CarryingField tier_;
  CarryingField tenant_;
  base::AddressList from_;
  TierNames tiers_;
};

} // namespace selvedge::policy
