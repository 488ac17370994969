// Sites and routes: which origin answers a request, and how its answers are cached.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/cache_policy.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::proxy {

using QueryRule = cache::QueryRule;
using KeyOptions = cache::KeyRules;

// A request field reduced to the values that matter before it is compared (Vary) and sent on.
struct NormalizeOptions {
  std::string field;
  // Kept where the client accepts them, in this order. Of accept-encoding all that match are kept,
  // of every other field the best by its weight (RFC 9110, 12.4.2).
  std::vector<std::string> keep;
};

enum class RangeMiss : std::uint8_t {
  forward, // ask the origin for the range, store the part
  whole,   // ask for everything, answer the range from it
};

struct HeaderField {
  std::string name;
  std::string value;

  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

// What happens to the fields of messages that leave: first what is to go goes, then the rest comes.
struct HeaderRuleOptions {
  std::vector<HeaderField> set;    // instead of all fields of the name
  std::vector<HeaderField> add;    // beside them
  std::vector<std::string> remove; // names

  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
};

// Whether rules may name a field: a token, and none that frames the message, concerns the
// connection, or is this node's own word (Via, Age, Cache-Status); for requests also no conditions
// and ranges.
bool is_request_rule_name(std::string_view name);
bool is_response_rule_name(std::string_view name);

// How /NAME@SELECTOR/PATH is answered when the selector is a channel or a range.
enum class SelectorAnswer : std::uint8_t {
  direct,   // with the asset, and Content-Location says which version it is of
  redirect, // 307 to the exact version
};

// Sessions keep the versions that ranges and channels stood for when they were first asked for: the
// client brings them back in a signed cookie, or in a field of its name (see
// bundle/session_pin.hpp).
struct SessionOptions {
  bool enabled = false;
  std::string cookie = "selvedge-pin";
  std::chrono::seconds lifetime{24 * 3600}; // from its beginning
  std::string key_file;                     // see bundle::parse_pin_keys()

  friend bool operator==(const SessionOptions&, const SessionOptions&) = default;
};

// Whether content is what the manifest of its version says.
enum class Integrity : std::uint8_t {
  off,     // nobody looks
  verify,  // what a manifest names; without a manifest, or not in it, nothing is known
  require, // what no manifest names is not served
};

// What `latest` stands for is decided here, by releases, and not by the index of the origin alone.
struct ReleaseOptions {
  std::string file;   // where they are kept over restarts; empty: nowhere
  bool follow = true; // a channel that is changed at the origin is a release, too
  bool warm = true;   // what pages begin with is fetched before a release is in force
  std::chrono::seconds page_time{10}; // beginnings that follow within that are of the same page

  friend bool operator==(const ReleaseOptions&, const ReleaseOptions&) = default;
};

// A route whose paths name bundles, and whose origin has NAME/index.json and NAME/VERSION/PATH.
struct BundleOptions {
  bool enabled = false;
  SelectorAnswer selectors = SelectorAnswer::direct;
  std::chrono::seconds selector_lifetime{60};  // of those answers, for clients
  std::chrono::seconds index_lifetime{60};     // at most, whatever the origin says
  std::chrono::seconds index_stale{24 * 3600}; // it is used for so long after that
  Integrity integrity = Integrity::verify;
  SessionOptions sessions;
  ReleaseOptions releases;

  friend bool operator==(const BundleOptions&, const BundleOptions&) = default;
};

// URLs that work until a time (see proxy/signed_url.hpp).
struct SignedUrlOptions {
  bool enabled = false; // a request without a good token is refused
  std::string parameter = "selvedge-token";
  std::string key_file; // see UrlKeys::parse()
};

// Who may ask; others get 403.
struct AccessOptions {
  std::vector<std::string> allow; // addresses and networks; empty: all
  std::vector<std::string> deny;  // likewise, of those; empty: none
  SignedUrlOptions signed_urls;
};

// Content is coded here, once, for all who accept the coding.
// RFC 9842: on routes of bundles, over TLS.
struct DictionaryOptions {
  bool enabled = false;
  int level = 19;                    // of zstd; made once, behind everything else
  std::uint64_t max_size = 8u << 20; // bytes of content, and of the version it is compared with
  std::uint32_t least_saving = 20;   // percent of what the client would get else

  friend bool operator==(const DictionaryOptions&, const DictionaryOptions&) = default;
};

struct CompressionOptions {
  bool enabled = false;
  // What clients get, by name; of what they accept with the same weight the first.
  std::vector<std::string> codings{"br", "zstd", "gzip"};
  // Of content, without parameters; "text/*" for all that begin so, "*+xml" for what ends so.
  std::vector<std::string> types{"text/*", "*json",    "*xml",    "*javascript",
                                 "*wasm",  "font/ttf", "font/otf"};
  std::uint64_t min_size = 1024;      // bytes of content that is worth it
  std::uint64_t max_size = 32u << 20; // more is sent as it came
  int br_level = 5;
  int gzip_level = 6;
  int zstd_level = 9;
  // As what the origin may send it. It is decoded, so that it can be coded for everybody.
  std::vector<std::string> from_origin{"gzip"};
  DictionaryOptions dictionaries;

  friend bool operator==(const CompressionOptions&, const CompressionOptions&) = default;
};

struct RouteOptions {
  std::string name;         // for logs and metrics; default: the prefix
  std::string prefix = "/"; // of the path; the longest match wins
  std::string origin;       // a name from `origins`
  AccessOptions access;
  bool cache = true; // false: everything passes

  std::vector<std::string> control_fields{"selvedge-cache-control", "cdn-cache-control",
                                          "surrogate-control"}; // before Cache-Control
  std::chrono::seconds default_lifetime{0}; // for answers without any; 0: they are not stored
  std::uint32_t heuristic_percent = 10;     // of the time since Last-Modified; 0: none
  std::chrono::seconds heuristic_limit{24 * 3600};
  std::vector<std::string> status_lifetimes; // "404 10s", "5xx 1s": where the origin says nothing
  bool clients_may_revalidate = true;        // obey no-cache, max-age, min-fresh of requests
  std::chrono::seconds stale_while_revalidate{0}; // where the response says nothing
  std::chrono::seconds stale_if_error{3600};      // likewise
  cache::CookieRule set_cookie = cache::CookieRule::bypass;

  KeyOptions key;
  std::vector<NormalizeOptions> normalize;
  RangeMiss range_miss = RangeMiss::forward;
  std::uint64_t slice = 0; // bytes; 0: objects are fetched as a whole
  bool early_hints = true; // 103 with the Link fields of a stale response while the origin is asked

  CompressionOptions compression;
  BundleOptions bundles;

  bool trace = false; // this node is part of traces (W3C Trace Context), and begins them
  HeaderRuleOptions request_headers;  // towards the origin
  HeaderRuleOptions response_headers; // towards the client, hits included
};

struct SiteOptions {
  std::string name;
  std::vector<std::string> hosts; // "www.example.com", "*.example.com", "*" for every other
  std::vector<RouteOptions> routes;
};

// Who may send PURGE requests to the ports that clients use.
struct PurgeOptions {
  std::vector<std::string> allow; // addresses and networks: "127.0.0.1", "10.0.0.0/8", "::1"
};

// In which fields origins are told where requests come from.
enum class ForwardingFields : std::uint8_t {
  x_forwarded, // X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host
  forwarded,   // Forwarded (RFC 7239)
  both,
  none,
};

struct ForwardingOptions {
  // Addresses and networks of proxies in front of this node: what they say about where a request
  // comes from is kept and continued. What others say is replaced.
  std::vector<std::string> trusted_proxies;
  ForwardingFields fields = ForwardingFields::x_forwarded;
};

// "404 10s" or "5xx 1m": a status from 200 to 599 or a class from 2xx to 5xx, and whole seconds,
// minutes, hours or days, at most ten years. Nothing for other text.
std::optional<cache::StatusLifetime> parse_status_lifetime(std::string_view text);

} // namespace selvedge::proxy
