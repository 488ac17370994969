// What is known about an exchange when it is over, and the ring through which a worker hands it to
// whoever writes the log.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/http/cache_status.hpp>
#include <selvedge/http/head.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace selvedge::proxy {

// Fixed size: texts are cut to what fits, so that a record is one copy and never an allocation.
struct AccessRecord {
  static constexpr std::size_t kText = 896;
  enum Part : std::uint8_t {
    client,
    method,
    authority,
    target,
    referer,
    agent,
    listener,
    route,
    tier, // of whoever asks, by the policy
    // Of a request that caused a fetch:
    trace,         // the id of its trace, where the route takes part in traces
    server_timing, // what the origin said, as http::ServerTimings reads it: whole metrics
  };
  static constexpr std::size_t kParts = 11;

  std::chrono::sys_seconds time{};
  std::chrono::microseconds duration{};
  std::uint64_t content_bytes = 0; // sent
  http::Status status = 0;
  http::CacheOutcome outcome = http::CacheOutcome::none;
  http::Version version = http::Version::http_1_1;
  bool is_secure = false;
  bool is_complete = false; // false: the client left, or the answer was cut

  void set(Part part, std::string_view text);
  std::string_view get(Part part) const;
  std::size_t room() const { return kText - used_; } // bytes that are left for texts
  void clear() { // the text stays as it is: what was not set is empty
    ends_ = {};
    begins_ = {};
    used_ = 0;
  }

private:
  std::array<std::uint16_t, kParts> ends_{};
  std::array<std::uint16_t, kParts> begins_{};
  std::uint16_t used_ = 0;
  std::array<char, kText> text_;
};

// Single producer (the worker), single consumer (the writer). Full: the record is dropped and
// counted.
class AccessRing {
public:
  explicit AccessRing(std::size_t records); // rounded up to a power of two

  // Thread: the worker. Null when the ring is full; else fill it and call push().
  AccessRecord* reserve();
  void push();
  // Thread: the writer. Null when there is none; pop() when done with it.
  const AccessRecord* front() const;
  void pop();
  std::uint64_t dropped() const { return dropped_.value(); }

private:
  std::vector<AccessRecord> records_;
  std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0}; // next to read
  alignas(64) std::atomic<std::size_t> tail_{0}; // next to write
  base::Counter dropped_;
};

} // namespace selvedge::proxy
