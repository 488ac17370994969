// Where clients are, by their address or by what a proxy says. Thread: any, once made.
#pragma once

#include <selvedge/base/address_list.hpp>
#include <selvedge/policy/options.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace selvedge::policy {

class RegionTable {
public:
  // `regions` stay where they are. Requires: their networks can be read.
  explicit RegionTable(const std::vector<RegionOptions>& regions);

  // Counted from 1; 0: none.
  std::uint16_t region_of(std::string_view address, std::string_view header) const;

private:
  const std::vector<RegionOptions>& regions_;
  base::AddressList networks_;        // of all of them
  std::vector<std::uint16_t> owners_; // of each network
};

} // namespace selvedge::policy
