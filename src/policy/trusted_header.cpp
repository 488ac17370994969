#include "trusted_header.hpp"

#include "tenant.hpp"

#include <selvedge/policy/identifier.hpp>

namespace selvedge::policy {

namespace {

const HeaderIdentityOptions& header_in(const PolicySet& policy) {
  return policy.options().identify.header;
}

} // namespace

TrustedHeader::TrustedHeader(const PolicySet& policy)
    : is_used_(!header_in(policy).tier_header.empty()), tier_(header_in(policy).tier_header),
      tenant_(header_in(policy).tenant_header), from_(header_in(policy).from),
      tiers_(header_in(policy).tiers, policy) {}

std::optional<Identity> TrustedHeader::identity_of(const http::FieldList& fields,
                                                   std::string_view peer_address) const {
  if (!is_used_) return std::nullopt;
  const Carried name = tier_.find(fields);
  if (name.kind != Carried::Kind::one || !from_.contains(peer_address)) return std::nullopt;
  const auto tier = tiers_.tier_of(name.text);
  if (!tier) return std::nullopt;
  Identity identity{*tier, IdentitySource::header, kNoTenant};
  if (tenant_.name().empty()) return identity;
  const Carried tenant = tenant_.find(fields);
  if (tenant.kind == Carried::Kind::one) identity.tenant = Identifier::tenant_hash(tenant.text);
  return identity;
}

} // namespace selvedge::policy
