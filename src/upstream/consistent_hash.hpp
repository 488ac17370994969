// Which server a key belongs to, with bounded loads. Highest random weight (Thaler and Ravishankar,
// "Using name-based mappings to increase hit rates", 1998): each server draws a number from the key
// and its own address, and the best draw has the key; the second best is the next server, and so
// on. Preferred to a ring of virtual nodes because nothing is built or kept when servers, weights
// or their health change, shares follow weights exactly, and a server that goes moves its own keys
// alone, to all others evenly. It costs a logarithm for each server, on a miss.
//
// Loads are bounded as in Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded
// loads", 2016: a server with more than `load` times its share under way is passed over.
// Thread: any.
#pragma once

#include "candidate.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::upstream {

// The same in every process and on every node, unlike base::fingerprint(): nodes that ask the same
// servers agree on which of them has a key.
std::uint64_t stable_hash(std::string_view text);

// Spreads a number over all 64 bits, one to one.
std::uint64_t mixed(std::uint64_t value);

// In (0, 1): of the upper bits.
double unit_of(std::uint64_t hash);

// How many fetches a server may have under way, the one that is placed included. `in_flight` and
// `weight` are those of all that may be asked together.
double bound_of(const Candidate& server, double load, double in_flight, double weight);

class ConsistentHash {
public:
  // `load` is at least 1: below it, not all servers together could take what there is.
  ConsistentHash(std::span<const std::string> addresses, double load);

  // Of `pool`, indices into `servers` of which none has the weight 0.
  // Requires: `pool` is not empty; `servers` are as many as addresses, in their order.
  std::size_t choose(std::span<const Candidate> servers, std::span<const std::size_t> pool,
                     std::uint64_t key_hash) const;

private:
  // Exponentially distributed with the weight as its rate: the least of several belongs to each of
  // them as often as its weight says.
  double distance(std::size_t server, double weight, std::uint64_t key_hash) const;

  std::vector<std::uint64_t> server_hashes_;
  double load_;
};

} // namespace selvedge::upstream
