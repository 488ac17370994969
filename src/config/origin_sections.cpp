// The sections that say where answers come from: origins, by kind, and their servers. What is done
// about servers that fail is in origin_care_sections.cpp.
#include "origin_sections.hpp"

#include "kinds.hpp"
#include "origin_rules.hpp"
#include "sections.hpp"

namespace selvedge::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using upstream::OriginKind;
using upstream::OriginOptions;
using upstream::S3Options;
using upstream::ServerTlsOptions;

using Keys = Section<OriginOptions>;

// Not of a directory: asked over the network.
Keys::Only of_servers() {
  return {"kind: http, s3 or shield",
          [](const OriginOptions& origin) { return origin.kind != OriginKind::directory; }};
}
Keys::Only of_directory() {
  return {"kind: directory",
          [](const OriginOptions& origin) { return origin.kind == OriginKind::directory; }};
}
Keys::Only of_s3() {
  return {"kind: s3", [](const OriginOptions& origin) { return origin.kind == OriginKind::s3; }};
}

Section<ServerTlsOptions> server_tls_section() {
  Section<ServerTlsOptions> keys;
  keys.add("enabled", &ServerTlsOptions::enabled, boolean(),
           {"Whether the servers are asked over TLS 1.2 or 1.3."});
  keys.add("verify", &ServerTlsOptions::verify, boolean(),
           {"Whether the certificate's chain, dates and name must be right (RFC 9525) [502]. Off "
            "for tests only: then anyone on the way can be the server."});
  keys.add("ca_file", &ServerTlsOptions::ca_file, file("a file", Empty::allowed),
           {"A PEM file of authorities that are trusted; \"\": those of the system."});
  keys.add("name", &ServerTlsOptions::name, text(kServerName, Empty::allowed),
           {"The host that is asked for (RFC 6066, 3) and that the certificate must name; \"\": "
            "the host of the server's address."});
  keys.add("certificate", &ServerTlsOptions::certificate, file("a file", Empty::allowed),
           {"A PEM file that this node shows to servers that ask who it is: the certificate "
            "first, then the intermediate ones. It needs `key`."});
  keys.add("key", &ServerTlsOptions::key, file("a file", Empty::allowed),
           {"A PEM file: the private key of `certificate`."});
  return keys;
}

Section<S3Options> s3_section() {
  Section<S3Options> keys;
  keys.add("bucket", &S3Options::bucket, text(kBucket),
           {"Its objects are answered by their names; nothing else of the store can be asked for.",
            Reload::live, true});
  keys.add("region", &S3Options::region, text(kBucketRegion),
           {"What the store expects in signatures."});
  keys.add("path_style", &S3Options::path_style, boolean(),
           {"true: the bucket is the start of the path; false: it stands before the host, as in "
            "BUCKET.HOST."});
  keys.add("credentials_file", &S3Options::credentials_file, file("a file", Empty::allowed),
           {"Its lines are access key, secret key and, for temporary ones, the session token. "
            "\"\": AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the "
            "environment; without them requests are not signed."});
  return keys;
}

void add_servers(Keys& keys) {
  using upstream::Balance;
  using upstream::ServerProtocol;
  keys.add("servers", &OriginOptions::servers,
           section_list<upstream::ServerOptions>(
               server_section(), [](const upstream::ServerOptions& s) { return s.address; },
               Empty::refused),
           {"Who is asked. POST /v1/origins changes them while the node runs.", Reload::live, true},
           of_servers());
  keys.add("protocol", &OriginOptions::protocol,
           word<ServerProtocol>({{"http_1", ServerProtocol::http_1},
                                 {"h2", ServerProtocol::h2},
                                 {"automatic", ServerProtocol::automatic}}),
           {"http_1: HTTP/1.1. h2: HTTP/2, without TLS with prior knowledge (RFC 9113, 3.3). "
            "automatic: over TLS what the server chooses (RFC 7301), else HTTP/1.1."},
           of_servers());
  keys.add("tls", &OriginOptions::tls, section(server_tls_section()), {"TLS to the servers."},
           of_servers());
  keys.add("balance", &OriginOptions::balance,
           word<Balance>({{"round_robin", Balance::round_robin},
                          {"least_requests", Balance::least_requests},
                          {"ewma", Balance::ewma},
                          {"hash", Balance::hash}}),
           {"Which server is asked. round_robin: each in turn, by weight. least_requests: of two "
            "picked at random the one with fewer requests under way. ewma: of two the one that is "
            "expected to answer sooner. hash: by the cache key, so that each server sees its own "
            "share of the keys: for shields."},
           of_servers());
  keys.add("hash_load", &OriginOptions::hash_load, decimal(1, 100),
           {"Of balance hash: a server with more than so much of the mean load passes keys on to "
            "the next."},
           of_servers());
  keys.add("slow_start", &OriginOptions::slow_start, timeout_or_zero(),
           {"How long a server that is new or comes back takes to its full weight; 0s: none."},
           of_servers());
  keys.add("host", &OriginOptions::host, text(kHostAndPort, Empty::allowed),
           {"Host that the servers see; \"\": the client's."}, of_servers());
}

void add_timeouts(Keys& keys) {
  keys.add("connect_timeout", &OriginOptions::connect_timeout, timeout(),
           {"For a connection to a server [504]."}, of_servers());
  keys.add("tls_timeout", &OriginOptions::tls_timeout, timeout(), {"For the TLS handshake [504]."},
           of_servers());
  keys.add("first_byte_timeout", &OriginOptions::first_byte_timeout, timeout(),
           {"From the request sent to the header of its answer [504]. At most fetch_timeout, and "
            "when left out never more than that."},
           of_servers());
  keys.add("idle_timeout", &OriginOptions::idle_timeout, timeout(),
           {"Between two bytes of an answer [504, or the answer is cut off]."}, of_servers());
  keys.add("fetch_timeout", &OriginOptions::fetch_timeout, timeout_or_zero(),
           {"For a whole answer, retries counted [504, or the answer is cut off]; 0s: none."},
           of_servers());
  keys.add("keepalive", &OriginOptions::keepalive, timeout(),
           {"How long an unused connection is kept. Less than the servers' own, or they close it "
            "under a request."},
           of_servers());
  keys.add("keepalive_connections", &OriginOptions::keepalive_connections,
           number<std::uint32_t>(0, 65535),
           {"Unused connections that each worker keeps to each server."}, of_servers());
  keys.add("head_bytes", &OriginOptions::head_bytes, size(kKiB, 16 * kMiB),
           {"All header fields of an answer together [502]."}, of_servers());
}

void add_care(Keys& keys) {
  keys.add("health", &OriginOptions::health, section(health_section()),
           {"Requests of the node's own that find out whether a server works. One that does not "
            "is not asked, unless none does."},
           of_servers());
  keys.add("ejection", &OriginOptions::ejection, section(ejection_section()),
           {"Servers that fail or lag behind the others are left out for a while."}, of_servers());
  keys.add("limits", &OriginOptions::limits, section(origin_limits_section()),
           {"How much is asked of the servers at once, by each worker."}, of_servers());
  keys.add("breaker", &OriginOptions::breaker, section(breaker_section()),
           {"When most fetches fail, the servers are left alone until a probe succeeds."},
           of_servers());
  keys.add("retry", &OriginOptions::retry, section(retry_section()),
           {"A fetch that failed is tried again, at another server if there is one: only a safe "
            "or repeatable request, and only before the client has got a byte."},
           of_servers());
  keys.add("hedge", &OriginOptions::hedge, section(hedge_section()),
           {"A second server is asked when the first takes longer than most fetches of the route "
            "do; the first answer wins. It needs two servers."},
           of_servers());
}

} // namespace

Section<upstream::ServerOptions> server_section() {
  using upstream::ServerOptions;
  Section<ServerOptions> keys;
  keys.allow_short("address");
  keys.add("address", &ServerOptions::address, text(kServerAddress),
           {"host:port or [v6]:port. Names are resolved again when their time is up.", Reload::live,
            true});
  keys.add("weight", &ServerOptions::weight, server_weight(),
           {"Its part of the requests, against the other servers'; 0: it gets nothing new."});
  keys.add("priority", &ServerOptions::priority, number<std::uint32_t>(0, 1000),
           {"Servers of a higher number are asked when too many of the lower ones are down."});
  keys.add("region", &ServerOptions::region, text(kName, Empty::allowed),
           {"Where it is: for /v1/origins and accounts."});
  keys.add("cost", &ServerOptions::cost, decimal(0, 1'000'000),
           {"Of a GiB from it, in the currency of the accounts."});
  return keys;
}

std::unique_ptr<NumberKind<std::uint32_t>> server_weight() {
  return number<std::uint32_t>(0, 65535);
}

Section<OriginOptions> origin_section() {
  Keys keys;
  keys.moved("connections", "limits.connections");
  keys.add("name", &OriginOptions::name, text(kName),
           {"What routes, logs and metrics call it.", Reload::live, true});
  keys.add("kind", &OriginOptions::kind,
           word<OriginKind>({{"http", OriginKind::http},
                             {"directory", OriginKind::directory},
                             {"s3", OriginKind::s3},
                             {"shield", OriginKind::shield}}),
           {"http: servers that speak HTTP. directory: files of this machine. s3: an object store "
            "with the S3 API, asked with GET and HEAD. shield: other Selvedge nodes, nearer to the "
            "servers."});
  add_servers(keys);
  keys.add("s3", &OriginOptions::s3, section(s3_section()),
           {"Which objects of the store, and with whose keys.", Reload::live, true}, of_s3());
  add_timeouts(keys);
  add_care(keys);
  keys.add("root", &OriginOptions::root, file("a directory", Empty::refused),
           {"Files below it are served; nothing outside is ever opened.", Reload::live, true},
           of_directory());
  keys.add(
      "max_age", &OriginOptions::max_age,
      std::make_unique<DurationKind<seconds>>(seconds{0}, hours{24 * 365}),
      {"How long a file may be used without asking; one below an exact version never changes."},
      of_directory());
  return keys;
}

} // namespace selvedge::config
