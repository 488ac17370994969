// Which server of an origin is asked. First the level of priority, then the server within it, in
// the way that Balance says. It sees numbers only: who is well, has room or was tried comes in.
// Thread: one worker, which has its own; panics() and panic_choices() any.
#pragma once

#include "candidate.hpp"
#include "consistent_hash.hpp"

#include <selvedge/base/counter.hpp>
#include <selvedge/upstream/options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace selvedge::upstream {

class LoadBalancer {
public:
  // `hash_load`: see OriginOptions. Workers are given different seeds, so that their turns differ.
  LoadBalancer(Balance balance, double hash_load, std::span<const std::string> server_addresses,
               std::uint64_t seed);

  // An index into `servers`, or nothing when no server that was not tried can be asked: whether one
  // of those is asked again is for the caller to say. Where the level that a fetch belongs to has
  // nobody to ask, the others are, lowest number first. When no server at all is well, all of them
  // count as usable, again by level: checks may be wrong, and asking nobody helps nobody.
  // Allocates nothing.
  // Requires: as many servers as addresses, in their order.
  std::optional<std::size_t> choose(std::span<const Candidate> servers, std::uint64_t key_hash,
                                    std::span<const std::size_t> tried);

  // Whether no server was well when last asked.
  bool panics() const { return panics_.load(std::memory_order_relaxed); }
  // How often one was chosen although none was well.
  const base::Counter& panic_choices() const { return panic_choices_; }

private:
  // Servers of one priority that have a weight.
  struct Level {
    std::uint32_t priority;
    double weight;
    double well_weight;
  };

  // Sets levels_, lowest number first, and panics_.
  void find_levels(std::span<const Candidate> servers);
  // What the level can carry of all there is to ask, in [0, 1].
  static double capacity_of(const Level& level);
  // The level that this fetch belongs to.
  const Level& draw_level(std::uint64_t key_hash);
  // Sets pool_ to the servers of a level that may be asked.
  void gather(const Level& level, std::span<const Candidate> servers,
              std::span<const std::size_t> tried);
  // One of pool_, which is not empty.
  std::size_t choose_of_pool(std::span<const Candidate> servers, std::uint64_t key_hash);
  std::size_t next_in_turn(std::span<const Candidate> servers);
  std::size_t better_of_two(std::span<const Candidate> servers);
  // One of pool_ at random, by weight, but not `other`.
  std::size_t draw_server(std::span<const Candidate> servers, std::optional<std::size_t> other);
  double weight_of_pool(std::span<const Candidate> servers) const;
  // What stands in where a server's latency is not known.
  double mean_latency(std::span<const Candidate> servers) const;

  const Balance balance_;
  const ConsistentHash hash_;
  std::mt19937_64 random_;
  std::vector<double> turns_;     // of round robin: who has waited longest, by weight
  std::vector<Level> levels_;     // of the choice under way, as pool_: kept for their memory
  std::vector<std::size_t> pool_; // indices of servers
  std::atomic<bool> panics_{false};
  base::Counter panic_choices_;
};

} // namespace selvedge::upstream
