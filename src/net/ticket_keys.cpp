#include <selvedge/net/ticket_keys.hpp>

#include "tls_settings.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <mutex>

namespace selvedge::net {

namespace {

void fill(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw_tls_error("no random bytes");
  }
}

TicketKey make_key() {
  TicketKey key;
  fill(key.name);
  fill(key.signing);
  fill(key.sealing);
  return key;
}

void forget(TicketKey& key) {
  OPENSSL_cleanse(&key, sizeof key);
}

} // namespace

struct TicketKeys::State {
  explicit State(base::Steady now) : current(make_key()), since(now) {}
  ~State() {
    forget(current);
    if (before) forget(*before);
  }

  mutable std::mutex mutex; // guards what follows
  TicketKey current;
  base::Steady since;
  std::optional<TicketKey> before;
};

TicketKeys::TicketKeys(base::Steady now) : state_(std::make_shared<State>(now)) {}

bool TicketKeys::rotate(base::Steady now) {
  const std::lock_guard lock(state_->mutex);
  if (now - state_->since < kTurn) return false;
  const bool is_long_ago = now - state_->since >= 2 * kTurn; // nobody looked for a whole turn
  if (state_->before) forget(*state_->before);
  state_->before = is_long_ago ? std::nullopt : std::optional(state_->current);
  state_->current = make_key();
  state_->since = now;
  return true;
}

TicketKey TicketKeys::current() const {
  const std::lock_guard lock(state_->mutex);
  return state_->current;
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const unsigned char> name) const {
  const std::lock_guard lock(state_->mutex);
  if (std::ranges::equal(name, state_->current.name)) return Found{state_->current, true};
  if (state_->before && std::ranges::equal(name, state_->before->name)) {
    return Found{*state_->before, false};
  }
  return std::nullopt;
}

} // namespace selvedge::net
