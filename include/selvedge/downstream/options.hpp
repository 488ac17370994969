// Limits towards clients. Every one has a clear answer: see the comment of each.
#pragma once

#include <chrono>
#include <cstdint>

namespace selvedge::downstream {

// What a client sends, or takes of an answer, in the time that it has for that, at least, when
// there is more of it. Who drips byte by byte makes no progress.
inline constexpr int kLeastProgress = 1024; // bytes

struct Limits {
  std::uint64_t head_bytes = 32768;    // of a request's fields: 431
  std::uint32_t head_fields = 128;     // 431
  std::uint64_t target_bytes = 8192;   // 414
  std::uint64_t body_bytes = 1u << 30; // of a request's content: 413
  std::uint64_t body_buffer = 131072;  // of one request's content held before the client must wait
  std::uint64_t bodies_buffer = 268435456; // of all requests' content that is held: 503
  std::uint32_t connections = 20000;       // of all workers: further ones are closed at once
  // Of one IPv4 address or IPv6 /64, but for listeners that many share; 0: any. Likewise.
  std::uint32_t connections_per_client = 4096;
  std::uint32_t streams = 128; // concurrent, of one HTTP/2 connection
  // Of all of them together; beyond, who has a few already gets no more.
  std::uint32_t all_streams = 65536;
  std::uint32_t requests = 100000; // of one connection, then it is closed gracefully
  std::chrono::milliseconds header_timeout{10000}; // from the first byte of a request: 408
  std::chrono::milliseconds idle_timeout{75000};   // between requests: close
  // In which a request's content ends, or comes on by kLeastProgress: 408.
  std::chrono::milliseconds body_timeout{30000};
  std::chrono::milliseconds write_timeout{30000};     // the client takes nothing: close
  std::chrono::milliseconds handshake_timeout{10000}; // of TLS: close
  // How long a request of lower importance may wait for its turn; then it is refused. Of the policy
  // (policy::OverloadOptions::defer).
  std::chrono::milliseconds defer{2000};
};

} // namespace selvedge::downstream
