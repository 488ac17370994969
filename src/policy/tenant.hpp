// Names of tenants, as the numbers that they are known by. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace selvedge::policy {

inline constexpr std::uint64_t kNoTenant = 0; // no name has it

// Of who has no name: the address of the client; of IPv6 its first 64 bits, since a client has all
// that begin so (RFC 4291, 2.5.1).
std::uint64_t tenant_of_address(std::string_view address);

} // namespace selvedge::policy
