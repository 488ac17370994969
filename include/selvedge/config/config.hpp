// The whole configuration as values: what load() makes of the YAML files.
#pragma once

#include <selvedge/cache/store.hpp>
#include <selvedge/downstream/options.hpp>
#include <selvedge/net/options.hpp>
#include <selvedge/policy/options.hpp>
#include <selvedge/proxy/options.hpp>
#include <selvedge/upstream/options.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace selvedge::config {

struct CacheOptions {
  std::uint64_t size = 256u << 20;      // bytes of memory for stored responses, everything counted
  std::uint64_t max_object = 64u << 20; // larger responses pass through
  cache::Eviction eviction = cache::kDefaultEviction;
  double eviction_size_exponent = 1.0; // of gdsf: 1 for the fewest misses, less for fewer bytes
  std::uint32_t max_variants = 32;     // of one key
  std::uint32_t stripes = 64;          // locks; a power of two
};

struct AdminOptions {
  bool enabled = true;
  std::string address = "127.0.0.1:9180";
  std::string token_file; // its first line must come as "Authorization: Bearer ..." when set
};

enum class AccessFormat : std::uint8_t { json, combined, off };
enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct LogOptions {
  LogLevel level = LogLevel::info;
  std::string events;       // file of the event log; empty: stderr
  std::string access = "-"; // file of the access log; "-": stdout
  AccessFormat access_format = AccessFormat::json;
  std::uint32_t access_ring =
      8192; // records a worker may be ahead of the disk; then it drops and counts
};

struct DrainOptions {
  std::chrono::milliseconds deadline{30000}; // QUIT waits this long for exchanges under way
};

// Who the process is once it listens; empty: who started it.
struct RunAsOptions {
  std::string user;
  std::string group; // empty: the user's
};

struct Config {
  std::uint32_t workers = 0;          // threads; 0: one a core
  std::string node_name = "selvedge"; // in Via, Cache-Status and Proxy-Status
  std::vector<net::ListenerOptions> listeners;
  CacheOptions cache;
  downstream::Limits limits;
  std::vector<upstream::OriginOptions> origins;
  std::vector<proxy::SiteOptions> sites;
  proxy::PurgeOptions purge;
  proxy::ForwardingOptions forwarding;
  AdminOptions admin;
  LogOptions logs;
  DrainOptions drain;
  RunAsOptions run_as;
  policy::PolicyOptions policy;
  std::vector<std::string> include;  // files to be read too; empty when they have been
  std::vector<std::string> warnings; // found by load(): "file:line:col: warning: ..."
};

} // namespace selvedge::config
