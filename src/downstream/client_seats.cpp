#include <selvedge/downstream/client_seats.hpp>

#include <selvedge/base/address_list.hpp>
#include <selvedge/base/fingerprint.hpp>

namespace selvedge::downstream {

std::uint64_t ClientSeats::client_of(std::string_view address) {
  const std::optional<std::string> network = base::client_network(address);
  return network ? base::fingerprint(*network).low | 1 : 0;
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
