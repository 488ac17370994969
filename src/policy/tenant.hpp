// Names of tenants, as the numbers that they are known by. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace selvedge::policy {

inline constexpr std::uint64_t kNoTenant = 0; // no name has it

// Of who has no name: by its base::client_network(), or the text itself when that is no address.
std::uint64_t tenant_of_address(std::string_view address);

} // namespace selvedge::policy
