#include "sections.hpp"

#include "include_kind.hpp"
#include "kinds.hpp"
#include "policy_sections.hpp"

namespace selvedge::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Section<AdminOptions> admin_section() {
  Section<AdminOptions> keys;
  keys.add("enabled", &AdminOptions::enabled, boolean(),
           {"Whether the admin API is there.", Reload::restart});
  keys.add("address", &AdminOptions::address, text(kListenAddress),
           {"Where the admin API listens. Never a port that clients use; an address that other "
            "machines reach needs token_file.",
            Reload::restart});
  keys.add("token_file", &AdminOptions::token_file,
           file("a file whose first line is the token", Empty::allowed),
           {"When set, requests must carry the first line of this file as \"Authorization: Bearer "
            "...\" (RFC 6750, 2.1).",
            Reload::restart});
  return keys;
}

Section<LogOptions> log_section() {
  using Dash = PathKind::Dash;
  Section<LogOptions> keys;
  keys.add("level", &LogOptions::level,
           word<LogLevel>({{"debug", LogLevel::debug},
                           {"info", LogLevel::info},
                           {"warn", LogLevel::warn},
                           {"error", LogLevel::error}}),
           {"The least severe events that are logged.", Reload::live});
  keys.add("events", &LogOptions::events, file("a file", Empty::allowed),
           {"The event log; \"\" is standard error. SIGUSR1 reopens it.", Reload::restart});
  keys.add("access", &LogOptions::access, file("a file or -", Empty::refused, Dash::allowed),
           {"The access log, one line a request; - is standard output. SIGUSR1 reopens it.",
            Reload::restart});
  keys.add("access_format", &LogOptions::access_format,
           word<AccessFormat>({{"json", AccessFormat::json},
                               {"combined", AccessFormat::combined},
                               {"off", AccessFormat::off}}),
           {"json has OpenTelemetry's attribute names, combined is nginx's format, off writes "
            "nothing.",
            Reload::restart});
  keys.add("access_ring", &LogOptions::access_ring, number<std::uint32_t>(64, 1 << 20),
           {"How many records a worker may be ahead of the disk. Beyond, records are dropped and "
            "counted: logging never stops a worker.",
            Reload::restart});
  return keys;
}

Section<DrainOptions> drain_section() {
  Section<DrainOptions> keys;
  keys.add("deadline", &DrainOptions::deadline, duration(milliseconds{0}, hours{24}),
           {"How long SIGQUIT waits for requests under way before it ends them.", Reload::live});
  return keys;
}

Section<RunAsOptions> run_as_section() {
  Section<RunAsOptions> keys;
  keys.add("user", &RunAsOptions::user, text(kAccountName, Empty::allowed),
           {"A user's name; \"\" stays who starts the program.", Reload::restart});
  keys.add("group", &RunAsOptions::group, text(kAccountName, Empty::allowed),
           {"A group's name; \"\" is the user's.", Reload::restart});
  return keys;
}

Section<Config> make_config_section() {
  Section<Config> keys;
  keys.add("workers", &Config::workers, number<std::uint32_t>(0, 256),
           {"Threads, each with connections of its own; 0 is one a core.", Reload::restart});
  keys.add("node_name", &Config::node_name, text(kNodeName),
           {"What this node calls itself in Via, Cache-Status and Proxy-Status.", Reload::restart});
  keys.add(
      "listeners", &Config::listeners,
      section_list<net::ListenerOptions>(
          listener_section(), [](const net::ListenerOptions& l) { return l.name; }, Empty::allowed),
      {"Where clients connect. At least one.", Reload::restart});
  keys.add("cache", &Config::cache, section(cache_section()), {"The cache in memory."});
  keys.add("limits", &Config::limits, section(limits_section()),
           {"What clients may use. Every limit has a clear answer, in brackets."});
  keys.add("origins", &Config::origins,
           section_list<upstream::OriginOptions>(
               origin_section(), [](const upstream::OriginOptions& o) { return o.name; },
               Empty::allowed),
           {"Where answers come from. At least one."});
  keys.add("sites", &Config::sites,
           section_list<proxy::SiteOptions>(
               site_section(), [](const proxy::SiteOptions& s) { return s.name; }, Empty::allowed),
           {"Which origin answers which requests. At least one."});
  keys.add("purge", &Config::purge, section(purge_section()),
           {"Who may purge what is stored without the admin API."});
  keys.add("forwarding", &Config::forwarding, section(forwarding_section()),
           {"What origins are told about where requests come from."});
  keys.add("admin", &Config::admin, section(admin_section()),
           {"Health, metrics, purging and control.", Reload::restart});
  keys.add("logs", &Config::logs, section(log_section()), {"Where logs go."});
  keys.add("drain", &Config::drain, section(drain_section()), {"How the program ends."});
  keys.add("run_as", &Config::run_as, section(run_as_section()),
           {"Who the process is once it listens and has its keys, when root starts it. A reload "
            "reads certificates, keys and logs as that user, who must be able to."});
  keys.add("policy", &Config::policy, section(policy_section()),
           {"Who is served first, and what is done when not all can be. It may have a file of its "
            "own: see include."});
  keys.add("include", &Config::include, std::make_unique<IncludeKind>(),
           {"Files that are read as if they stood beside this one in a directory, as "
            "[policy.yaml]; they cannot include others.",
            Reload::live, false, Written::in_reference});
  return keys;
}

} // namespace

Section<CacheOptions> cache_section() {
  Section<CacheOptions> keys;
  keys.add("size", &CacheOptions::size, size(kMiB, 16 * kTiB),
           {"Memory for stored responses, with everything held for them.", Reload::restart});
  keys.add(
      "max_object", &CacheOptions::max_object, size(kKiB, 16 * kTiB),
      {"Larger responses pass through and are not stored. At most cache.size, and when left out "
       "never more than that.",
       Reload::restart});
  keys.add(
      "eviction", &CacheOptions::eviction,
      word<cache::Eviction>({{"lru", cache::Eviction::lru},
                             {"s3_fifo", cache::Eviction::s3_fifo},
                             {"gdsf", cache::Eviction::gdsf}}),
      {"Who goes when room is needed. lru: the least recently used. s3_fifo: what is asked for "
       "once cannot drive out what is asked for often. gdsf: the larger and the less often "
       "asked for, the sooner; it makes the fewest misses.",
       Reload::restart});
  keys.add("eviction_size_exponent", &CacheOptions::eviction_size_exponent, decimal(0, 2),
           {"How much gdsf lets size count: 1 for the fewest misses, less for fewer bytes from the "
            "origins, 0 for not at all.",
            Reload::restart});
  keys.add("max_variants", &CacheOptions::max_variants, number<std::uint32_t>(1, 10000),
           {"Stored responses for one URL that differ by Vary (RFC 9110, 12.5.5); beyond, the "
            "oldest goes.",
            Reload::restart});
  keys.add("stripes", &CacheOptions::stripes,
           std::make_unique<NumberKind<std::uint32_t>>(Bounds{1, 4096, true}),
           {"Locks over the index: more of them for more workers.", Reload::restart});
  return keys;
}

Section<downstream::Limits> limits_section() {
  using downstream::Limits;
  constexpr std::uint64_t kBillion = 1'000'000'000;
  Section<Limits> keys;
  keys.add("head_bytes", &Limits::head_bytes, size(kKiB, kMiB),
           {"All header fields of a request together [431]."});
  keys.add("head_fields", &Limits::head_fields, number<std::uint32_t>(1, 10000),
           {"Header fields of a request [431]."});
  keys.add("target_bytes", &Limits::target_bytes, size(64, kMiB),
           {"Path and query of a request [414]."});
  keys.add("body_bytes", &Limits::body_bytes, size(0, 16 * kTiB), {"Content of a request [413]."});
  keys.add("body_buffer", &Limits::body_buffer, size(4 * kKiB, 64 * kMiB),
           {"Content of one request that is held before the client must wait."});
  keys.add("bodies_buffer", &Limits::bodies_buffer, size(kMiB, 16 * kTiB),
           {"Content of all requests that is held until their origins take it; each worker has its "
            "share, at least that of four requests. While that is full, whoever sends more is "
            "refused; the last quarter is for "
            "premium customers [503]."});
  keys.add(
      "connections", &Limits::connections, number<std::uint32_t>(1, kBillion),
      {"Connections of clients to all workers, handshakes included [further ones are closed at "
       "once]. The limit of open files is raised to what they need, as far as the system "
       "lets."});
  keys.add("connections_per_client", &Limits::connections_per_client,
           number<std::uint32_t>(0, kBillion),
           {"Of those, connections of one IPv4 address or IPv6 /64 network; 0: any number. Not for "
            "listeners that are `shared` [further ones are closed at once]."});
  keys.add("streams", &Limits::streams, number<std::uint32_t>(1, 10000),
           {"Concurrent requests on one HTTP/2 connection (RFC 9113, 5.1.2) [refused stream]."});
  keys.add("all_streams", &Limits::all_streams, number<std::uint32_t>(1, kBillion),
           {"Concurrent requests on all HTTP/2 connections; each worker has its share. While that "
            "is used up, connections that have eight or more get no further one, and others up to "
            "twice as many in all [refused stream]."});
  keys.add("requests", &Limits::requests, number<std::uint32_t>(1, kBillion),
           {"Requests on one connection [it is closed gracefully]."});
  keys.add("header_timeout", &Limits::header_timeout, timeout(),
           {"From the first byte of a request to the end of its header [408]."});
  keys.add("idle_timeout", &Limits::idle_timeout, timeout(),
           {"Between requests on a connection [closed]."});
  keys.add("body_timeout", &Limits::body_timeout, timeout(),
           {"For the next KiB of a request's content, or its end [408]. What comes byte by byte is "
            "no progress."});
  keys.add("write_timeout", &Limits::write_timeout, timeout(),
           {"While the client takes nothing of an answer [closed]."});
  keys.add("handshake_timeout", &Limits::handshake_timeout, timeout(),
           {"For the TLS handshake [closed]."});
  return keys;
}

const Section<Config>& config_section() {
  static const Section<Config> kKeys = make_config_section();
  return kKeys;
}

} // namespace selvedge::config
