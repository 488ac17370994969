// What operators, CMS plug-ins and origins ask to be purged, and what came of it. The work itself
// is done by the store and its PurgeIndex in constant time.
// Thread: any, unless said otherwise.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/cache/fill.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/proxy/routing.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::proxy {

struct PurgeRequest {
  std::vector<std::string> urls{};     // absolute; every variant. Where fields or cookies
                                       // are part of the route's key: with every query
  std::vector<std::string> tags{};     // as Surrogate-Key, xkey or Cache-Tag name them
  std::vector<std::string> groups{};   // "scheme://authority name" (RFC 9875)
  std::vector<std::string> prefixes{}; // "http://host/a/b" or "host/a/b": that path, with any
                                       // query, and everything below it; whole segments only
  std::vector<std::string> hosts{};    // "example.com:8443"
  std::vector<std::string> bundles{};  // "acme-ui@2.3.1", or "acme-ui": all its versions
  bool everything = false;
  bool soft = false;

  bool is_empty() const {
    return urls.empty() && tags.empty() && groups.empty() && prefixes.empty() && hosts.empty() &&
           bundles.empty() && !everything;
  }
};

struct PurgeReceipt {
  cache::PurgeEpoch epoch = 0; // everything fetched before this is gone
  std::size_t matched = 0;     // stored responses concerned; one with two of the tags counts twice
};

// Why a request cannot be carried out ("prefixes are at most 16 segments deep: ..."); "" when it
// can.
std::string refusal_of(const PurgeRequest& request);
// Requires: refusal_of(request) is empty. `routing` gives the keys of URLs; null: as they are.
PurgeReceipt purge(cache::Store& store, cache::FillTable& fills, const Routing* routing,
                   const PurgeRequest& request, base::Steady now);

// What was asked for by whatever way, by name, and what it concerned. Thread: any.
struct PurgeCounters {
  base::SharedCounter urls, tags, groups, prefixes, hosts, bundles, everything;
  base::SharedCounter matched;

  void note(const PurgeRequest& request, const PurgeReceipt& receipt);
};

// What a PURGE request asks for: its URL, unless one of the fields that CMS plug-ins send says
// otherwise: Surrogate-Key, xkey, xkey-purge, xkey-softpurge, Cache-Tag, Cache-Tags, X-Cache-Tags,
// Purge-Cache-Tags (tags, separated by spaces or commas), X-Purge-Method: regex with a URL that
// ends in .* (that prefix); Fastly-Soft-Purge: 1 and xkey-softpurge make it soft. Where the
// authority has no port, the URL is meant with both schemes.
PurgeRequest purge_request_of(const http::RequestHead& request);

} // namespace selvedge::proxy
