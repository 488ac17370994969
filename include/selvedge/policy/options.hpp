// What a policy is made from: who asks, what it is worth, what may be done. Plain values; config
// fills them, PolicySet and Identifier are built from them.
#pragma once

#include <selvedge/overload/importance.hpp>
#include <selvedge/overload/load_level.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::policy {

// --- tiers

struct RegionValue {
  std::string region;
  double value = 0; // as TierOptions::value, in that region
};

struct TierOptions {
  std::string name;
  overload::Importance priority = overload::Importance::standard; // when not all can be served
  double reserved_cpu = 0;    // share of a worker that is its own while it wants it; 0 to 1
  double reserved_origin = 0; // share of an origin's limit, likewise; 0: as its priority has it
  double reserved_cache = 0;  // share of the cache that others cannot take from it; 0 to 1
  double value = 0;           // of 1000 requests, in the accounts' currency
  std::vector<RegionValue> values;            // where a region differs
  std::chrono::milliseconds objective_p99{0}; // of the service objective, for reports; 0: none
  double objective_availability = 0;          // likewise: 0.9999; 0: none
};

// --- identity

enum class JwtAlgorithm : std::uint8_t { hs256, rs256, es256, eddsa };

// A value of a claim, of a certificate's name or of a header, and the tier that it stands for.
struct TierName {
  std::string value;
  std::string tier;
};

struct JwtOptions {
  std::string name;                     // for metrics and explain
  std::string header = "authorization"; // "Bearer TOKEN" there, the bare token elsewhere
  std::string cookie;                   // instead of the header, when set
  std::vector<JwtAlgorithm> algorithms; // that are accepted; empty: those of the keys
  std::string jwks_file;                // RFC 7517; read again when it changes
  std::string secret_file;              // of HS256: the whole file but a last newline
  std::string issuer;                   // required value of iss; empty: any
  std::string audience;                 // required in aud; empty: any
  std::string tier_claim = "tier";
  std::string tenant_claim = "sub";
  std::vector<TierName> tiers;     // claim's value -> tier; others must be names of tiers
  std::chrono::seconds leeway{30}; // for exp and nbf
};

struct ApiKeyOptions {
  std::string sha256; // of the key, in hex
  std::string tier;
  std::string tenant;
};

struct CertificateTierOptions {
  std::string name; // the subject's CN, or a DNS or URI name of the certificate
  std::string tier;
  std::string tenant; // empty: the name
};

struct HeaderIdentityOptions {
  std::string tier_header;       // its value is a tier's name, or one of `tiers`; empty: not used
  std::string tenant_header;     // empty: none
  std::vector<std::string> from; // addresses and networks that are believed
  std::vector<TierName> tiers;
};

struct ListenerTierOptions {
  std::string listener;
  std::string tier;
};

struct ServerNameTierOptions {
  std::string name; // of SNI: "pro.example.com" or "*.pro.example.com"
  std::string tier;
};

struct NetworkTierOptions {
  std::string network; // "10.1.0.0/16" or an address
  std::string tier;
  std::string tenant; // empty: each address is one
};

struct IdentifyOptions {
  std::string default_tier; // of whom nothing else is known; empty: the last of `tiers`
  // A request's own word, first found:
  std::vector<JwtOptions> jwt;
  std::string api_key_header = "x-api-key";
  std::vector<ApiKeyOptions> api_keys;
  HeaderIdentityOptions header;
  // The connection's, when the request says nothing:
  std::vector<CertificateTierOptions> certificates;
  std::vector<NetworkTierOptions> networks; // the longest prefix
  std::vector<ServerNameTierOptions> server_names;
  std::vector<ListenerTierOptions> listeners;
  std::uint32_t token_cache = 8192; // verified tokens that a worker remembers, refused ones too
};

// --- regions

struct RegionOptions {
  std::string name;
  std::vector<std::string> networks; // of clients
};

// --- classes of content

enum class ContentClass : std::uint8_t { critical, core, standard, secondary };

struct ContentClassOptions {
  std::string name; // for explain; empty: its number
  ContentClass is = ContentClass::standard;
  // All that are given must hold; within a list, one.
  std::vector<std::string> paths;   // "/a/*", "*.map": * stands for any text
  std::vector<std::string> bundles; // names, as in /NAME@SELECTOR/PATH; * as above
  std::vector<std::string> types;   // "image/*"; of a stored response, else by the name's ending
  std::uint64_t min_size = 0;       // bytes; of a stored response only
  std::uint64_t max_size = 0;       // 0: any
};

// --- rules

struct HeaderMatch {
  std::string name;
  std::string value; // * stands for any text; empty: the field is there
};

// From `from` to `to`, minutes of the day in UTC; `to` may lie on the next day.
struct TimeWindow {
  std::string days; // "mon-fri", "sat,sun"; empty: each
  std::string from; // "08:00"
  std::string to;   // "18:00"
};

struct RuleWhen {
  std::vector<std::string> tiers;
  std::vector<ContentClass> classes;
  std::vector<std::string> regions;
  std::vector<std::string> methods;
  std::vector<std::string> paths;                       // as in classes
  overload::LoadLevel load = overload::LoadLevel::calm; // at least
  std::vector<TimeWindow> times;
  std::vector<HeaderMatch> headers; // all of them
};

struct RateLimitOptions {
  double rate = 0;         // requests a second of each tenant; 0: no limit
  std::uint32_t burst = 0; // at once; 0: a second's worth
};

struct RedirectOptions {
  std::string to; // a URL or path; {path} is the request's path, {query} its query with "?"
  std::uint16_t status = 302;
};

struct ShedOptions {
  std::uint16_t status = 0;            // 429 or 503; 0: nothing is shed
  std::chrono::seconds retry_after{1}; // at least; half of it more, by chance
};

enum class Choice : std::uint8_t { unset, no, yes };

struct RuleThen {
  std::string priority; // premium, standard, free or background; empty: the tier's
  RateLimitOptions rate_limit;
  std::uint32_t concurrency = 0;       // requests under way of each tenant; 0: no limit
  std::chrono::seconds serve_stale{0}; // past its lifetime, so long; revalidated behind
  std::string origin;                  // asked instead of the route's
  Choice hits_only = Choice::unset;    // what would need an origin is shed with 503
  Choice transforms = Choice::unset;   // no: none is done for it
  RedirectOptions redirect;            // with `to`
  ShedOptions shed;
};

struct RuleOptions {
  std::string name;
  RuleWhen when;
  RuleThen then;
};

// --- economics

struct TierCostOptions {
  std::string name;     // of a storage tier: "memory", "disk", "shared"
  double gib_read = 0;  // in the accounts' currency
  double gib_month = 0; // held
};

struct EconomicsOptions {
  std::string currency = "USD";
  double origin_gib = 0; // of egress from origins whose servers have no cost of their own
  std::vector<TierCostOptions> storage;
};

// --- overload

struct OverloadOptions {
  bool enabled = true;
  double cpu_budget = 0.85; // of a worker, for clients
  double floor = 0.05;      // of a worker, for the least important class
  double handshakes = 0.2;  // of a worker, for TLS handshakes of clients not known
  double rejections = 0.05; // of a worker, for answers that only say no
  double unknown = 0.6;     // of a worker, for reading who turns out to be turned away
  std::chrono::milliseconds target_delay{1}; // from readable to read
  std::chrono::milliseconds defer{2000};     // how long a request may wait before it is refused
  std::chrono::seconds cohort_period{3600};  // how long the same tenants are refused first
  std::chrono::seconds stale_window{3600};   // how stale low tiers may be served under pressure
  std::uint64_t memory = 0;                  // resident bytes; above it as in critical; 0: no limit
};

struct PolicyOptions {
  std::string version; // for people: shown in status, logs and metrics
  std::vector<TierOptions> tiers;
  IdentifyOptions identify;
  std::vector<RegionOptions> regions;
  std::string region_header; // of trusted proxies (forwarding.trusted_proxies) first; empty: none
  std::vector<ContentClassOptions> classes;
  std::vector<RuleOptions> rules;
  EconomicsOptions economics;
  OverloadOptions overload;
};

} // namespace selvedge::policy
