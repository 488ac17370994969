#include "consistent_hash.hpp"

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace selvedge::upstream {

// FNV-1a, and the finalizer of SplitMix64 because FNV leaves the upper bits of short texts alike.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return mixed(hash);
}

std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

double unit_of(std::uint64_t hash) {
  // Of 52 bits and a half, so that neither 0 nor 1 is reached by rounding.
  return (static_cast<double>(hash >> 12) + 0.5) * 0x1p-52;
}

double bound_of(const Candidate& server, double load, double in_flight, double weight) {
  return std::ceil(load * (in_flight + 1) * server.weight / weight);
}

ConsistentHash::ConsistentHash(std::span<const std::string> addresses, double load)
    : load_(std::max(load, 1.0)) {
  for (const std::string& address : addresses) server_hashes_.push_back(stable_hash(address));
}

double ConsistentHash::distance(std::size_t server, double weight, std::uint64_t key_hash) const {
  return -std::log(unit_of(mixed(mixed(key_hash) ^ server_hashes_[server]))) / weight;
}

std::size_t ConsistentHash::choose(std::span<const Candidate> servers,
                                   std::span<const std::size_t> pool,
                                   std::uint64_t key_hash) const {
  SELVEDGE_ASSERT(!pool.empty() && servers.size() == server_hashes_.size());
  double in_flight = 0;
  double weight = 0;
  for (const std::size_t i : pool) {
    in_flight += servers[i].in_flight;
    weight += servers[i].weight;
  }
  // The bounds add up to more than is under way, so there is always one below its own.
  std::size_t nearest = pool.front();
  double least = std::numeric_limits<double>::infinity();
  for (const std::size_t i : pool) {
    if (servers[i].in_flight + 1.0 > bound_of(servers[i], load_, in_flight, weight)) continue;
    const double here = distance(i, servers[i].weight, key_hash);
    if (here < least) {
      least = here;
      nearest = i;
    }
  }
  return nearest;
}

} // namespace selvedge::upstream
