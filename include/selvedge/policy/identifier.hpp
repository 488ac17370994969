// Finds out who asks: from what a request carries, else from its connection. Immutable but for the
// keys it was built with: a reload, or changed key files, make another. Thread: any; TokenCache
// and IdentityCounters belong to one worker.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/counter.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/policy/identity.hpp>
#include <selvedge/policy/options.hpp>
#include <selvedge/policy/policy_set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

class TokenCache;

// What is known of a connection before its first request.
struct ConnectionFacts {
  std::string_view peer_address; // without the port
  std::string_view listener;
  std::string_view server_name;                   // SNI, lower case; empty: none
  std::span<const std::string> certificate_names; // of a verified client certificate
};

// Written by one worker, read by anyone. Each request with a token counts once.
struct IdentityCounters {
  base::Counter tokens_verified; // by their signature
  base::Counter tokens_cached;   // known from before, good or bad
  base::Counter tokens_expired;  // or not yet valid
  base::Counter tokens_forged;   // a signature that is not right, or by an unknown key
  base::Counter tokens_refused;  // alg=none, an algorithm not accepted, iss or aud not ours
  base::Counter tokens_malformed;
  base::Counter tokens_oversized;
  base::Counter tokens_untiered; // good, but of a tier that does not exist
  base::Counter api_keys_unknown;
};

class Identifier {
public:
  static constexpr std::size_t kTokenBytes = 8192; // longer ones are not looked at

  // Reads the key files. Throws std::runtime_error that names the file and what is wrong with it.
  explicit Identifier(PolicySetPtr policy);
  ~Identifier();

  Identity of_connection(const ConnectionFacts& facts) const;
  // What the request's own credentials say, else `connection`. Bad credentials count, and are as
  // none: of them the default tier is made, never an error. No allocation and no signature check
  // for a token that was seen before.
  Identity of_request(const http::RequestHead& request, std::string_view peer_address,
                      const Identity& connection, TokenCache& cache, base::Instant now,
                      IdentityCounters& counters) const;
  // False: nothing that a request carries can say anything, so of_request() is `connection`.
  bool looks_at_requests() const { return looks_at_requests_; }
  // True when a key file is not as it was when this was built: then build another. Reads the times
  // of the files.
  bool is_outdated() const;
  // The hash of a tenant's name within its tier; keyed once a process.
  static std::uint64_t tenant_hash(std::string_view name);
  // The fields that credentials come in, lower case: for Vary and for what is not forwarded.
  const std::vector<std::string>& credential_fields() const;

private:
  struct Parts;
  PolicySetPtr policy_;
  bool looks_at_requests_ = false;
  std::unique_ptr<const Parts> parts_;
};
using IdentifierPtr = std::shared_ptr<const Identifier>;

// Tokens that were looked at, by their fingerprint, with what came of it: bounded, the least
// recently used go first. Emptied when it is used with another Identifier.
class TokenCache {
public:
  explicit TokenCache(std::size_t capacity);
  ~TokenCache();
  std::size_t size() const;

private:
  friend class Identifier;
  struct Entries;
  std::unique_ptr<Entries> entries_;
};

} // namespace selvedge::policy
