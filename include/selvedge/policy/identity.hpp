// Who asks: a tier, and within it a tenant.
#pragma once

#include <selvedge/overload/importance.hpp>

#include <cstdint>
#include <string_view>

namespace selvedge::policy {

// What told it, the most telling last.
enum class IdentitySource : std::uint8_t {
  none, // nothing: the default tier
  listener,
  server_name,
  network,
  certificate,
  ticket, // of TLS, which this node gave after an earlier request
  header, // of a proxy that is believed
  api_key,
  jwt,
};
std::string_view text_of(IdentitySource source); // "none", "listener", "server-name", ...

// Small, and free of texts: it is copied for every request and kept for every connection.
struct Identity {
  std::uint8_t tier = 0; // of PolicySet::tiers()
  IdentitySource source = IdentitySource::none;
  std::uint64_t tenant = 0; // a keyed hash of its name

  friend bool operator==(const Identity&, const Identity&) = default;
};

} // namespace selvedge::policy
