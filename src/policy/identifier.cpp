#include <selvedge/policy/identifier.hpp>

#include "api_keys.hpp"
#include "carried.hpp"
#include "connection_identity.hpp"
#include "jwt.hpp"
#include "jwt_issuer.hpp"
#include "tenant.hpp"
#include "token_memory.hpp"
#include "trusted_header.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace selvedge::policy {

namespace {

// Issuers whose tokens come in the same place. Who made one, the token itself tells.
struct JwtPlace {
  TokenPlace place;
  std::vector<JwtIssuer> issuers;

  // Of the issuer that believes it most.
  TokenFinding judge(std::string_view text, std::chrono::sys_seconds now) const {
    TokenFinding best;
    const std::optional<Jwt> token = parse_jwt(text);
    if (!token) return best;
    for (const JwtIssuer& issuer : issuers) {
      const TokenFinding finding = issuer.judge(*token, now);
      if (finding.outcome > best.outcome) best = finding;
      if (best.outcome == TokenOutcome::verified) break;
    }
    return best;
  }
};

std::vector<JwtPlace> places_in(const PolicySet& policy) {
  std::vector<JwtPlace> places;
  for (const JwtOptions& options : policy.options().identify.jwt) {
    const TokenPlace place(options.header, options.cookie);
    auto known = std::find_if(places.begin(), places.end(),
                              [&place](const JwtPlace& one) { return one.place == place; });
    if (known == places.end()) known = places.insert(known, JwtPlace{place, {}});
    known->issuers.emplace_back(options, policy);
  }
  return places;
}

// The same text is another credential in another place.
base::Fingerprint print_of(std::string_view text, std::size_t place) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15; // 2^64 over the golden ratio
  base::Fingerprint print = base::fingerprint(text);
  print.high ^= kSpread * (place + 1);
  return print;
}

base::Counter& counter_of(TokenOutcome outcome, IdentityCounters& counters) {
  switch (outcome) {
  case TokenOutcome::malformed:
    break;
  case TokenOutcome::refused:
    return counters.tokens_refused;
  case TokenOutcome::forged:
    return counters.tokens_forged;
  case TokenOutcome::expired:
    return counters.tokens_expired;
  case TokenOutcome::untiered:
    return counters.tokens_untiered;
  case TokenOutcome::verified:
    return counters.tokens_verified;
  }
  return counters.tokens_malformed;
}

std::uint64_t fresh_number() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

std::optional<Identity> named(const Identity& identity) {
  if (identity.source == IdentitySource::none) return std::nullopt;
  return identity;
}

// What one request brings along for being identified.
struct Asking {
  const http::FieldList& fields;
  TokenMemory& memory;
  const base::Instant& now;
  IdentityCounters& counters;
};

} // namespace

struct Identifier::Parts {
  explicit Parts(const PolicySet& policy)
      : connection(policy), places(places_in(policy)), api_keys(policy),
        api_key_field(policy.options().identify.api_key_header), header(policy) {
    const auto add = [this](const std::string& name) {
      const bool is_known = std::find(fields.begin(), fields.end(), name) != fields.end();
      if (!name.empty() && !is_known) fields.push_back(name);
    };
    for (const JwtPlace& one : places) add(one.place.field_name());
    if (!api_keys.empty()) add(api_key_field.name());
    if (!header.is_used()) return;
    add(header.tier_field());
    add(header.tenant_field());
  }

  std::optional<Identity> by_token(const Asking& asking) const;
  std::optional<Identity> by_api_key(const Asking& asking) const;

  std::uint64_t number = fresh_number(); // that token caches know this by
  ConnectionIdentity connection;
  std::vector<JwtPlace> places;
  ApiKeys api_keys;
  CarryingField api_key_field;
  TrustedHeader header;
  std::vector<std::string> fields; // that credentials come in

private:
  std::optional<Identity> of_token(std::size_t place, std::string_view text,
                                   const Asking& asking) const;
};

struct TokenCache::Entries {
  TokenMemory memory;
};

TokenCache::TokenCache(std::size_t capacity)
    : entries_(std::make_unique<Entries>(Entries{TokenMemory(capacity)})) {}

TokenCache::~TokenCache() = default;

std::size_t TokenCache::size() const {
  return entries_->memory.size();
}

Identifier::Identifier(PolicySetPtr policy)
    : policy_(std::move(policy)), parts_(std::make_unique<const Parts>(*policy_)) {
  looks_at_requests_ = !parts_->fields.empty();
}

Identifier::~Identifier() = default;

Identity Identifier::of_connection(const ConnectionFacts& facts) const {
  return parts_->connection.of(facts);
}

Identity Identifier::of_request(const http::RequestHead& request, std::string_view peer_address,
                                const Identity& connection, TokenCache& cache, base::Instant now,
                                IdentityCounters& counters) const {
  if (!looks_at_requests_) return connection;
  TokenMemory& memory = cache.entries_->memory;
  memory.belong_to(parts_->number);
  const Asking asking{request.fields, memory, now, counters};
  std::optional<Identity> found = parts_->by_token(asking);
  if (!found) found = parts_->by_api_key(asking);
  if (!found) found = parts_->header.identity_of(request.fields, peer_address);
  if (!found) return connection;
  if (found->tenant == kNoTenant) found->tenant = tenant_of_address(peer_address);
  return *found;
}

bool Identifier::is_outdated() const {
  return std::any_of(parts_->places.begin(), parts_->places.end(), [](const JwtPlace& place) {
    return std::any_of(place.issuers.begin(), place.issuers.end(),
                       [](const JwtIssuer& issuer) { return issuer.is_outdated(); });
  });
}

const std::vector<std::string>& Identifier::credential_fields() const {
  return parts_->fields;
}

std::optional<Identity> Identifier::Parts::by_token(const Asking& asking) const {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Carried carried = places[i].place.find(asking.fields);
    if (carried.kind == Carried::Kind::one) return of_token(i, carried.text, asking);
    if (carried.kind == Carried::Kind::nothing) continue;
    asking.counters.tokens_malformed.add();
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Identity> Identifier::Parts::of_token(std::size_t place, std::string_view text,
                                                    const Asking& asking) const {
  IdentityCounters& counters = asking.counters;
  if (text.size() > kTokenBytes) {
    counters.tokens_oversized.add();
    return std::nullopt;
  }
  const base::Fingerprint print = print_of(text, place);
  if (const std::optional<KnownToken> known = asking.memory.find(print, asking.now)) {
    const bool is_valid = asking.now.wall < known->until;
    (is_valid ? counters.tokens_cached : counters.tokens_expired).add();
    return is_valid ? named(known->identity) : std::nullopt;
  }
  const TokenFinding finding = places[place].judge(text, asking.now.wall);
  counter_of(finding.outcome, counters).add();
  // One of no tier is as good as another, and cannot be made up.
  if (finding.outcome >= TokenOutcome::untiered) {
    asking.memory.keep(print, {finding.identity, finding.until});
  } else {
    asking.memory.refuse(print, finding.from, asking.now);
  }
  return named(finding.identity);
}

std::optional<Identity> Identifier::Parts::by_api_key(const Asking& asking) const {
  if (api_keys.empty()) return std::nullopt;
  const Carried carried = api_key_field.find(asking.fields);
  if (carried.kind == Carried::Kind::nothing) return std::nullopt;
  std::optional<Identity> found;
  if (carried.kind == Carried::Kind::one && carried.text.size() <= kTokenBytes) {
    const base::Fingerprint print = print_of(carried.text, places.size());
    if (const std::optional<KnownToken> known = asking.memory.find(print, asking.now)) {
      found = named(known->identity);
    } else {
      found = api_keys.identity_of(carried.text);
      if (found) asking.memory.keep(print, {*found});
      if (!found) asking.memory.refuse(print, asking.now.wall, asking.now);
    }
  }
  if (!found) asking.counters.api_keys_unknown.add();
  return found;
}

} // namespace selvedge::policy
