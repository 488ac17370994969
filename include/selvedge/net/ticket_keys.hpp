// The keys of session tickets (RFC 5077, 4; RFC 8446, 4.6.1). They are random, never leave the
// process and are replaced: who learns one can read the connections of one turn that were resumed
// without new key exchange, and no others. Copies share the keys, so that sessions outlive reloads.
// Thread: any.
#pragma once

#include <selvedge/base/clock.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

namespace selvedge::net {

struct TicketKey {
  static constexpr std::size_t kNameBytes = 16;
  std::array<unsigned char, kNameBytes> name{}; // no secret: each ticket begins with it
  std::array<unsigned char, 32> signing{};      // HMAC-SHA-256
  std::array<unsigned char, 32> sealing{};      // AES-256-CBC
};

class TicketKeys {
public:
  // So long a key seals new tickets; then it opens old ones for as long.
  static constexpr std::chrono::hours kTurn{12};

  explicit TicketKeys(base::Steady now = {});
  // Takes a new key when the turn of the one in use is over. True: it has.
  bool rotate(base::Steady now);

  TicketKey current() const;
  struct Found {
    TicketKey key;
    bool is_current = false;
  };
  std::optional<Found> find(std::span<const unsigned char> name) const;

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace selvedge::net
