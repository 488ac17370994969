#include <selvedge/proxy/policing.hpp>

#include <selvedge/base/fingerprint.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace selvedge::proxy {

namespace {

constexpr std::size_t kNoteBytes = 16;

std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::vector<std::optional<overload::TenantRate>> rates_of(const policy::PolicyOptions& options) {
  std::vector<std::optional<overload::TenantRate>> rates;
  for (const policy::RuleOptions& rule : options.rules) {
    const policy::RateLimitOptions& limit = rule.then.rate_limit;
    rates.emplace_back();
    if (limit.rate > 0) rates.back().emplace(limit.rate, limit.burst);
  }
  return rates;
}

std::vector<std::uint32_t> ids_of(const policy::PolicyOptions& options) {
  std::vector<std::uint32_t> ids;
  for (const policy::RuleOptions& rule : options.rules) {
    ids.push_back(static_cast<std::uint32_t>(base::fingerprint(rule.name).low));
  }
  return ids;
}

using ByImportance = std::array<double, overload::kImportances>;

// Of the tiers of each importance together.
ByImportance reserved_by(const policy::PolicySet& set, double policy::TierOptions::*share) {
  ByImportance reserved{};
  for (const policy::TierOptions& tier : set.tiers()) {
    reserved[overload::index_of(tier.priority)] += tier.*share;
  }
  return reserved;
}

double memory_gib_read_of(const policy::EconomicsOptions& economics) {
  for (const policy::TierCostOptions& one : economics.storage) {
    if (one.name == "memory") return one.gib_read;
  }
  return 0;
}

} // namespace

std::string_view text_of(ShedReason reason) {
  constexpr std::array<std::string_view, kShedReasons> kTexts{
      "rule", "rate-limit", "concurrency", "overload", "late", "hits-only", "origin", "memory"};
  return kTexts[static_cast<std::size_t>(reason)];
}

Accounts::Accounts(const std::vector<policy::TierOptions>& of)
    : ledger(of.size()), by_tier(of.size()) {
  for (const policy::TierOptions& tier : of) tiers.push_back(tier.name);
}

Policing::Policing(const policy::PolicyOptions& options)
    : generation(next_generation()), is_plain(options.tiers.empty() && options.rules.empty()),
      set(std::make_shared<const policy::PolicySet>(options)),
      identifier(std::make_shared<const policy::Identifier>(set)), rates(rates_of(options)),
      rule_ids(ids_of(options)), has_regions(!options.regions.empty()),
      memory_gib_read(memory_gib_read_of(options.economics)) {
  for (const policy::TierOptions& tier : set->tiers()) {
    tier_ids_.push_back(base::fingerprint(tier.name).low);
  }
}

std::string_view note_of(const policy::Identity& identity, const policy::PolicySet& set,
                         std::span<char> room) {
  if (room.size() < kNoteBytes || identity.tier >= set.tiers().size()) return {};
  const std::uint64_t tier = base::fingerprint(set.tiers()[identity.tier].name).low;
  std::memcpy(room.data(), &tier, sizeof tier);
  std::memcpy(room.data() + sizeof tier, &identity.tenant, sizeof identity.tenant);
  return {room.data(), kNoteBytes};
}

std::optional<policy::Identity> Policing::identity_in(std::string_view note) const {
  if (note.size() != kNoteBytes) return std::nullopt;
  std::uint64_t tier = 0;
  policy::Identity identity;
  std::memcpy(&tier, note.data(), sizeof tier);
  std::memcpy(&identity.tenant, note.data() + sizeof tier, sizeof identity.tenant);
  const auto found = std::find(tier_ids_.begin(), tier_ids_.end(), tier);
  if (found == tier_ids_.end()) return std::nullopt;
  identity.tier = static_cast<std::uint8_t>(found - tier_ids_.begin());
  identity.source = policy::IdentitySource::ticket;
  return identity;
}

// What tiers reserve is their class's; a class of which none says anything keeps a little, and the
// least important has its floor in any case.
overload::ReadyLists::Shares Policing::lane_shares() const {
  const policy::OverloadOptions& overload = set->options().overload;
  overload::ReadyLists::Shares shares = overload::ReadyLists::kDefaultShares;
  shares[overload::index_of(overload::Lane::handshake)] = overload.handshakes;
  shares[overload::index_of(overload::Lane::refused)] = overload.rejections;
  const ByImportance reserved = reserved_by(*set, &policy::TierOptions::reserved_cpu);
  for (std::size_t i = 0; i < overload::kImportances; ++i) {
    const auto importance = static_cast<overload::Importance>(i);
    double& share = shares[overload::index_of(overload::lane_of(importance))];
    if (reserved[i] > 0) share = reserved[i];
    if (importance == overload::Importance::free) share = std::max(share, overload.floor);
  }
  return shares;
}

cache::Store::Shares Policing::cache_shares() const {
  static_assert(cache::kOwners == overload::kImportances);
  return reserved_by(*set, &policy::TierOptions::reserved_cache);
}

overload::ConcurrencyRooms Policing::origin_rooms() const {
  const ByImportance reserved = reserved_by(*set, &policy::TierOptions::reserved_origin);
  overload::ConcurrencyRooms rooms = overload::kDefaultConcurrencyRooms;
  double left = 1; // by all who matter more
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    rooms[i] = std::min(rooms[i], left);
    left = std::max(left - reserved[i], 0.0);
  }
  return rooms;
}

} // namespace selvedge::proxy
