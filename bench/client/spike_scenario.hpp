// What the overload generator is to do, read from a JSON file: flows of requests whose rates change
// with time, and the phases in which the results are told. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::bench {

using Us = std::chrono::duration<double, std::micro>; // from the scenario's start

// From `from` to `to` this many requests a second are due, as a Poisson process.
struct RateStep {
  Us from{};
  Us to{};
  double rate = 0;
};

struct PhaseSpan {
  std::string name;
  Us from{};
  Us to{};
};

struct WeightedPath {
  std::string path; // {n} in it becomes a number that no other request has
  double weight = 1;
};

struct FlowOptions {
  std::string name;
  bool is_first = false; // its thread goes before that of those that are not
  std::string protocol;  // h1, h2c, h1tls, h2tls
  std::uint16_t port = 0;
  std::uint32_t first_source = 1; // the three last octets of 127.x.y.z
  std::uint32_t sources = 1;      // addresses from there on, which connections use in turns
  std::vector<WeightedPath> paths;
  std::string header;                     // of every request, when it has values:
  std::vector<std::string> header_values; // which connections use in turns
  std::vector<RateStep> rate;
  std::size_t connections = 1;
  std::size_t depth = 1; // requests at a time on a connection
  Us timeout{};          // from when a request was due; an answer after that does not count
  Us wait{};             // as long a request waits for a connection with room
  bool is_connection_each = false; // each request has a connection of its own
  bool is_resumed = false;         // TLS sessions are, once there is one

  bool is_h2() const { return protocol.starts_with("h2"); }
  bool is_tls() const { return protocol.ends_with("tls"); }
  // Who asks: each header value, or else each address.
  std::size_t tenants() const { return header_values.empty() ? sources : header_values.size(); }
};

struct Scenario {
  Us length{};
  std::vector<PhaseSpan> phases; // in order; what is due between them is not counted
  std::vector<FlowOptions> flows;
};

// Throws std::runtime_error, or the JSON parser's exception, when the file says something else.
Scenario read_scenario(const std::string& file);

} // namespace selvedge::bench
