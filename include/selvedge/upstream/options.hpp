// What an origin is made from.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::upstream {

enum class OriginKind : std::uint8_t {
  http,      // servers that speak HTTP
  directory, // files of this machine
  s3,        // an object store with the S3 API; requests are signed (SigV4)
  shield,    // other Selvedge nodes, nearer to the real origin
};

// Which server is asked.
enum class Balance : std::uint8_t {
  round_robin,    // in turn, by weight
  least_requests, // of two picked at random the one with fewer requests under way
  ewma,           // of two picked at random the one expected to answer sooner
  hash,           // by the cache key, with bounded load: each server sees its share of the keys
};

enum class ServerProtocol : std::uint8_t {
  http_1,    // HTTP/1.1
  h2,        // HTTP/2; without TLS with prior knowledge (RFC 9113, 3.3)
  automatic, // over TLS what the server chooses (ALPN), else HTTP/1.1
};

struct ServerOptions {
  std::string address;        // "127.0.0.1:9000", "app.internal:80"
  std::uint32_t weight = 1;   // 0: gets nothing new
  std::uint32_t priority = 0; // servers of a higher number are asked when those below fail
  std::string region;         // for people and accounts
  double cost = 0;            // of a GiB from it, in the accounts' currency

  friend bool operator==(const ServerOptions&, const ServerOptions&) = default;
};

struct ServerTlsOptions {
  bool enabled = false;
  bool verify = true;      // the certificate's chain and name; off for tests only
  std::string ca_file;     // PEM; empty: the system's
  std::string name;        // in SNI and in the certificate; empty: the host of the server
  std::string certificate; // PEM of a client certificate, with its key
  std::string key;

  friend bool operator==(const ServerTlsOptions&, const ServerTlsOptions&) = default;
};

// Requests of the node's own that ask whether a server works.
struct HealthCheckOptions {
  std::string path; // empty: none are sent
  std::string host; // empty: the origin's `host`, else the server's address
  std::vector<std::string> expect{"200-399"}; // statuses that are well
  std::chrono::milliseconds interval{5000};   // give or take a tenth, so that nodes do not march
  std::chrono::milliseconds timeout{2000};
  std::uint32_t unhealthy_after = 3; // failures in a row
  std::uint32_t healthy_after = 2;   // successes in a row

  friend bool operator==(const HealthCheckOptions&, const HealthCheckOptions&) = default;
};

// Servers that fail or lag behind the others are left out for a while.
struct EjectionOptions {
  std::uint32_t consecutive_errors = 5;       // 0: not by these
  std::chrono::milliseconds interval{5000};   // how often servers are compared with each other
  double success_rate_deviations = 1.9;       // below the mean of the group; 0: not compared
  double latency_factor = 3;                  // of the median of the group; 0: not compared
  std::chrono::milliseconds base_time{10000}; // out for so long, times how often in a row
  std::chrono::milliseconds max_time{300000};
  double max_share = 0.5; // of the servers are out at once

  friend bool operator==(const EjectionOptions&, const EjectionOptions&) = default;
};

// How much is asked of the servers at once. Of each worker, as all numbers here.
struct OriginLimits {
  std::uint32_t connections = 512; // to one server
  std::uint32_t in_flight = 1024;  // fetches at one server
  bool adaptive = true;            // fewer than in_flight when the server slows down (Gradient2)
  std::uint32_t queue = 1024;      // fetches that wait for room: 503 beyond
  std::chrono::milliseconds queue_timeout{1000}; // 503

  friend bool operator==(const OriginLimits&, const OriginLimits&) = default;
};

struct BreakerOptions {
  double failure_share = 0.5;                // of the fetches in the window that opens it; 0: never
  std::uint32_t min_requests = 20;           // in the window, before it may open
  std::chrono::milliseconds window{10000};   // how far back is counted
  std::chrono::milliseconds open_time{1000}; // before a probe is let through

  friend bool operator==(const BreakerOptions&, const BreakerOptions&) = default;
};

struct RetryOptions {
  std::uint32_t tries = 2;               // the first one counted
  double budget = 0.1;                   // retries per fetch, on average
  std::chrono::milliseconds backoff{25}; // doubled each time, half of it at random
  std::vector<std::string> statuses{"502", "503", "504"};

  friend bool operator==(const RetryOptions&, const RetryOptions&) = default;
};

// A second server is asked when the first takes longer than most fetches of the route do.
struct HedgeOptions {
  bool enabled = false;
  double budget = 0.02; // second questions per fetch, on average
  std::chrono::milliseconds min_delay{5};

  friend bool operator==(const HedgeOptions&, const HedgeOptions&) = default;
};

struct S3Options {
  std::string bucket;
  std::string region = "us-east-1";
  bool path_style = true; // /bucket/key; else the bucket is in front of the host
  // The first two lines of the file: access key, secret key. Empty: AWS_ACCESS_KEY_ID,
  // AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment; without them nothing is signed.
  std::string credentials_file;

  friend bool operator==(const S3Options&, const S3Options&) = default;
};

struct OriginOptions {
  std::string name;
  OriginKind kind = OriginKind::http;

  // kinds http, s3, shield
  std::vector<ServerOptions> servers;
  ServerProtocol protocol = ServerProtocol::automatic;
  ServerTlsOptions tls;
  Balance balance = Balance::round_robin;
  double hash_load = 1.25; // of balance hash: no server has more than so much of the mean load
  std::chrono::milliseconds slow_start{0}; // a server that comes back takes so long to full weight
  std::string host;                        // Host sent to the origin; empty: the client's
  HealthCheckOptions health;
  EjectionOptions ejection;
  OriginLimits limits;
  BreakerOptions breaker;
  RetryOptions retry;
  HedgeOptions hedge;
  S3Options s3;
  std::chrono::milliseconds connect_timeout{3000};     // 504
  std::chrono::milliseconds tls_timeout{3000};         // for the handshake: 504
  std::chrono::milliseconds first_byte_timeout{30000}; // from the request sent to its head: 504
  std::chrono::milliseconds idle_timeout{30000};       // between bytes of an answer: 504 or a cut
  std::chrono::milliseconds fetch_timeout{0};          // for the whole of it: as before; 0: none
  std::chrono::milliseconds keepalive{30000};          // how long an unused connection is kept
  std::uint32_t keepalive_connections = 64;            // unused ones kept, of one worker and server
  std::uint64_t head_bytes = 65536;                    // of an answer's head: 502

  // kind directory
  std::string root; // served files lie below it; nothing outside is ever opened
  // How long a file may be used without asking; one below an exact version never changes.
  std::chrono::seconds max_age{60};

  friend bool operator==(const OriginOptions&, const OriginOptions&) = default;
};

} // namespace selvedge::upstream
