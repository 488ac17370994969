// The policy in force and what it has done: a snapshot that each worker holds, and the accounts
// that each worker keeps. Built by anyone, replaced as a whole by a reload.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/overload/concurrency_limiter.hpp>
#include <selvedge/overload/ready_lists.hpp>
#include <selvedge/overload/tenant_limits.hpp>
#include <selvedge/policy/economics.hpp>
#include <selvedge/policy/identifier.hpp>
#include <selvedge/policy/policy_set.hpp>
#include <selvedge/proxy/routing.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::proxy {

// Why a request was turned away.
enum class ShedReason : std::uint8_t {
  rule,        // one that says so
  rate_limit,  // a rule's; 429
  concurrency, // a rule's; 429
  overload,    // more was asked than the worker can do
  late,        // it had waited too long to be of use
  hits_only,   // nothing is stored for it, and the origin is for others now
  origin,      // the origin, or what it may be asked, is full
  memory,      // the contents of requests hold all that is for them
};
inline constexpr std::size_t kShedReasons = 8;
std::string_view text_of(ShedReason reason); // "rule", "rate-limit", ...

// Of one tier on one worker. Written by the worker, read by anyone.
struct TierCounters {
  base::Counter served; // answers below 500
  base::Counter failed; // others that are no refusal
  std::array<base::Counter, kShedReasons> shed;
  std::array<base::Counter, RouteCounters::kBounds.size() + 1> durations; // of what was served
  base::Counter duration_us;
  base::Counter content_bytes;
};

// Of one worker. They outlive reloads that keep the tiers.
struct Accounts {
  explicit Accounts(const std::vector<policy::TierOptions>& of);
  std::vector<std::string> tiers; // names
  policy::Ledger ledger;
  std::vector<TierCounters> by_tier;
};
using AccountsPtr = std::shared_ptr<Accounts>;

// A place for what a ticket remembers: 8 bytes of the tier's name, 8 of the tenant.
std::string_view note_of(const policy::Identity& identity, const policy::PolicySet& set,
                         std::span<char> room);

struct Policing {
  // Reads key files: throws as policy::Identifier does.
  explicit Policing(const policy::PolicyOptions& options);

  // Who a note of a ticket is about; nothing when there is no such tier any more.
  std::optional<policy::Identity> identity_in(std::string_view note) const;
  overload::ReadyLists::Shares lane_shares() const;
  // What tiers reserve of the cache, by importance, which is what owners are.
  cache::Store::Shares cache_shares() const;
  // What each importance sees of an origin's limit: its usual share, but nothing that those who
  // matter more have reserved.
  overload::ConcurrencyRooms origin_rooms() const;

  const std::uint64_t generation; // differs from those of all others
  const bool is_plain;            // no tiers and no rules: everybody is alike
  const policy::PolicySetPtr set;
  const policy::IdentifierPtr identifier;
  const std::vector<std::optional<overload::TenantRate>> rates; // by rule
  const std::vector<std::uint32_t> rule_ids;                    // the same over reloads
  const bool has_regions;
  const double memory_gib_read; // of EconomicsOptions::storage, "memory"

private:
  std::vector<std::uint64_t> tier_ids_; // hashes of their names
};
using PolicingPtr = std::shared_ptr<const Policing>;

} // namespace selvedge::proxy
