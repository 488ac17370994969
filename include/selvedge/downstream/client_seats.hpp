// How many connections clients have, over all workers: the node has room for so many, and one
// client may take so many of them. A client is a base::client_network().
// Thread: any. A lock is held for a moment when a connection begins and when it ends.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace selvedge::downstream {

class ClientSeats;

// One connection's place. It is given back when this ends.
class Seat {
public:
  Seat() = default;
  Seat(Seat&& other) noexcept : of_(std::exchange(other.of_, nullptr)), client_(other.client_) {}
  Seat& operator=(Seat&& other) noexcept;
  ~Seat() { give_back(); }

  explicit operator bool() const { return of_ != nullptr; }

private:
  friend class ClientSeats;
  Seat(ClientSeats& of, std::uint64_t client) : of_(&of), client_(client) {}
  void give_back();

  ClientSeats* of_ = nullptr;
  std::uint64_t client_ = 0; // 0: only the node counts it
};

class ClientSeats {
public:
  enum class Refusal : std::uint8_t { none, node_is_full, client_has_enough };
  struct Taken {
    Seat seat; // false unless refusal is none
    Refusal refusal = Refusal::none;
  };
  // `most_of_client` 0: any.
  Taken take(std::string_view address, std::uint32_t most, std::uint32_t most_of_client);
  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // What counts as one client; 0 for what is no address.
  static std::uint64_t client_of(std::string_view address);

private:
  friend class Seat;
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::uint32_t> connections; // guarded by mutex
  };
  Shard& shard_of(std::uint64_t client) { return shards_[(client >> 1) % kShards]; }

  std::atomic<std::size_t> taken_{0};
  std::array<Shard, kShards> shards_;
};

} // namespace selvedge::downstream
