// What happens to a request: route, key, lookup, decision; then a stored response, a fill that is
// shared, or a pass. One Proxy a worker; the store and the table of fills are shared by all.
// Thread: its worker, unless said otherwise.
#pragma once

#include <selvedge/cache/fill.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/downstream/stream.hpp>
#include <selvedge/insight/distinct_counts.hpp>
#include <selvedge/net/helper_threads.hpp>
#include <selvedge/proxy/access_record.hpp>
#include <selvedge/proxy/policing.hpp>
#include <selvedge/proxy/purge.hpp>
#include <selvedge/proxy/release_order.hpp>
#include <selvedge/proxy/routing.hpp>
#include <selvedge/proxy/signed_url.hpp>

#include <list>
#include <memory>
#include <random>
#include <string>

namespace selvedge::proxy {

class CodingJobs;
class Differences;
class ReleaseJob;
class Warmth;
class WakeQueue;

// What was sent by one of the codings that are made here.
struct CodedAnswers {
  base::Counter answers; // that were sent whole
  base::Counter sent_bytes;
  base::Counter saved_bytes; // of their content as it came
};

// Written by one worker, read by anyone.
struct ProxyCounters {
  base::Counter refused;           // requests that were malformed or beyond a limit
  base::Counter unrouted;          // no site or route
  base::Counter refused_addresses; // that a route does not admit
  base::Counter refused_spellings; // of a path that would be one of another route
  std::array<base::Counter, kTokenVerdicts> tokens; // of signed URLs
  base::Counter fills;                              // fetches begun to fill the cache
  base::Counter passes;                             // fetches begun for one request only
  base::Counter collapsed;                          // requests that joined a fill
  base::Counter revalidations;
  base::Counter stored;
  base::Counter indexes;        // of bundles, taken into use
  base::Counter indexes_failed; // that the origin did not give
  base::Counter indexes_bad;    // that were not of their form: those in force stayed so
  base::Counter manifests;      // of versions of bundles, likewise
  base::Counter manifests_failed;
  base::Counter manifests_bad;
  base::Counter verified;   // fills whose content was what their manifest says
  base::Counter mismatched; // that were not: they were cut off, and not stored
  std::array<std::array<base::Counter, kShedReasons>, overload::kImportances> shed;
  std::array<CodedAnswers, cache::kCodings> coded;
};

class Proxy final : public downstream::RequestHandler {
public:
  struct Options {
    std::string node_name = "selvedge"; // a token
    // What Via towards origins calls this node, by which it knows its own requests: several nodes
    // in a row may share a name, so this should be unique. Empty: the name.
    std::string via_name;
    PurgeCounters* purge_counters = nullptr; // for PURGE requests; outlives the proxy
    std::size_t pass_window = 131072;        // bytes of an answer that is not stored, held unread
    overload::TenantLimits* tenant_limits = nullptr; // of the node; outlives the proxy; null: none
    std::size_t token_cache = 8192;                  // verified tokens that are remembered
    insight::DistinctCounts* sessions =
        nullptr;                          // by "NAME@VERSION"; outlives the proxy; null: none
    overload::EventLog* events = nullptr; // outlives the proxy; null: nobody is told
    net::HelperThreads* helper = nullptr; // outlives the proxy; null: all is done on the worker
    CodingJobs* coding_jobs = nullptr;    // likewise; null: nothing is coded
    Differences* differences = nullptr;   // likewise; null: none are made
  };
  // Everything passed in outlives the proxy; `log` may be null.
  Proxy(net::Worker& worker, cache::Store& store, cache::FillTable& fills, AccessRing* log,
        const Options& options);
  ~Proxy() override;

  void on_request(downstream::Stream& stream) override;
  void on_refused(downstream::Stream& stream, base::Error error) override;
  downstream::Standing standing_of(const downstream::ClientConnection& client) override;
  downstream::Standing identify(downstream::Stream& stream) override;
  std::string_view ticket_note(const downstream::Standing& standing, std::span<char> room) override;

  // As set_routing(). `policing` null: everybody is alike. `accounts` are of its tiers.
  void set_policing(PolicingPtr policing, AccountsPtr accounts) {
    policing_ = std::move(policing);
    accounts_ = std::move(accounts);
  }

  // New requests use this routing; those under way keep theirs.
  void set_routing(std::shared_ptr<const Routing> routing);
  const std::shared_ptr<const Routing>& routing() const { return routing_; }

  // Prepares a release on the route at that URL, and puts it in force.
  void begin_release(const std::string& url, ReleaseOrder order, ReleaseProgressPtr progress);

  const ProxyCounters& counters() const { return counters_; }
  const policy::IdentityCounters& identity_counters() const { return identity_counters_; }

private:
  friend class AssetWarmer;
  friend class Exchange;
  friend class Filler;
  friend class SlicedContent;
  friend class DocumentFetch;
  friend class BundleCatalog;
  friend class ReleaseJob;
  void drop_done();
  void add_release(std::unique_ptr<ReleaseJob> job);
  void add_warmth(std::unique_ptr<Warmth> warmth);

  net::Worker& worker_;
  cache::Store& store_;
  cache::FillTable& fills_;
  AccessRing* log_;
  const Options options_;
  const std::string via_;              // in answers: "1.1 selvedge"
  const std::string via_name_;         // in requests
  const std::string via_to_origin_h1_; // "1.1 selvedge-5f3c..."
  const std::string via_to_origin_h2_; // "2 selvedge-5f3c..."
  std::shared_ptr<const Routing> routing_;
  PolicingPtr policing_;
  AccountsPtr accounts_;
  policy::TokenCache tokens_;
  policy::IdentityCounters identity_counters_;
  std::shared_ptr<WakeQueue> wakes_;
  ProxyCounters counters_;
  std::list<std::unique_ptr<ReleaseJob>> releases_; // that are prepared
  std::list<std::unique_ptr<Warmth>> warmths_;      // what is fetched beforehand
  std::mt19937_64 random_;                          // for the ids of traces and sessions
};

} // namespace selvedge::proxy
