#include <selvedge/downstream/client_seats.hpp>

#include <arpa/inet.h>
#include <cstring>
#include <random>
#include <xxhash.h>

namespace selvedge::downstream {

namespace {

// Not for whoever chooses addresses to foresee which of them share a number.
std::uint64_t hash_of(const void* bytes, std::size_t size) {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return XXH3_64bits_withSeed(bytes, size, seed) | 1; // never 0
}

} // namespace

std::uint64_t ClientSeats::client_of(std::string_view address) {
  constexpr std::size_t kNetwork = 8; // bytes of a /64
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.size() >= text.size()) return 0;
  std::memcpy(text.data(), address.data(), address.size());
  in_addr v4{};
  if (::inet_pton(AF_INET, text.data(), &v4) == 1) return hash_of(&v4, sizeof v4);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.data(), &v6) != 1) return 0;
  if (std::memcmp(&v6, kMapped.data(), kMapped.size()) == 0) {
    return hash_of(reinterpret_cast<const char*>(&v6) + kMapped.size(), sizeof v4);
  }
  return hash_of(&v6, kNetwork);
}

ClientSeats::Taken ClientSeats::take(std::string_view address, std::uint32_t most,
                                     std::uint32_t most_of_client) {
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= most) {
    taken_.fetch_sub(1, std::memory_order_relaxed);
    return {Seat(), Refusal::node_is_full};
  }
  const std::uint64_t client = most_of_client > 0 ? client_of(address) : 0;
  if (client == 0) return {Seat(*this, 0), Refusal::none};
  Shard& shard = shard_of(client);
  const std::lock_guard lock(shard.mutex);
  std::uint32_t& has = shard.connections[client];
  if (has >= most_of_client) { // it is not new in the table, since the limit is not 0
    taken_.fetch_sub(1, std::memory_order_relaxed);
    return {Seat(), Refusal::client_has_enough};
  }
  ++has;
  return {Seat(*this, client), Refusal::none};
}

Seat& Seat::operator=(Seat&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  of_ = std::exchange(other.of_, nullptr);
  client_ = other.client_;
  return *this;
}

void Seat::give_back() {
  ClientSeats* const of = std::exchange(of_, nullptr);
  if (of == nullptr) return;
  of->taken_.fetch_sub(1, std::memory_order_relaxed);
  if (client_ == 0) return;
  ClientSeats::Shard& shard = of->shard_of(client_);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.connections.find(client_);
  if (found != shard.connections.end() && --found->second == 0) shard.connections.erase(found);
}

} // namespace selvedge::downstream
