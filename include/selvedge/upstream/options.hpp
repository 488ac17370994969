// What an origin is made from.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::upstream {

enum class OriginKind : std::uint8_t { http, directory };

struct OriginOptions {
  std::string name;
  OriginKind kind = OriginKind::http;

  // kind http
  std::vector<std::string> servers; // "127.0.0.1:9000", "app.internal:80"; asked in turn
  std::string host;                 // Host sent to the origin; empty: the client's
  std::chrono::milliseconds connect_timeout{3000};     // 504
  std::chrono::milliseconds first_byte_timeout{30000}; // from the request sent to its head: 504
  std::chrono::milliseconds idle_timeout{30000};       // between bytes of an answer: 504 or a cut
  std::chrono::milliseconds keepalive{30000};          // how long an unused connection is kept
  std::uint32_t keepalive_connections = 64;            // unused ones kept, of one worker and server
  std::uint32_t connections = 512;                     // of one worker: 503 beyond
  std::uint64_t head_bytes = 65536;                    // of an answer's head: 502

  // kind directory
  std::string root; // served files lie below it; nothing outside is ever opened
  // How long a file may be used without asking; one below an exact version never changes.
  std::chrono::seconds max_age{60};

  friend bool operator==(const OriginOptions&, const OriginOptions&) = default;
};

} // namespace selvedge::upstream
