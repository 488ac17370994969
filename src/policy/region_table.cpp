#include "region_table.hpp"

#include <selvedge/http/field.hpp>

#include <string>

namespace selvedge::policy {

namespace {

std::vector<std::string> networks_of(const std::vector<RegionOptions>& regions) {
  std::vector<std::string> networks;
  for (const RegionOptions& region : regions) {
    networks.insert(networks.end(), region.networks.begin(), region.networks.end());
  }
  return networks;
}

std::uint16_t number_of(std::size_t index) {
  return static_cast<std::uint16_t>(index + 1);
}

} // namespace

RegionTable::RegionTable(const std::vector<RegionOptions>& regions)
    : regions_(regions), networks_(networks_of(regions)) {
  for (std::size_t i = 0; i < regions.size(); ++i) {
    owners_.insert(owners_.end(), regions[i].networks.size(), number_of(i));
  }
}

std::uint16_t RegionTable::region_of(std::string_view address, std::string_view header) const {
  if (!header.empty()) {
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      if (http::equals_ignoring_case(regions_[i].name, header)) return number_of(i);
    }
  }
  const auto network = networks_.most_specific(address);
  return network ? owners_[*network] : std::uint16_t{0};
}

} // namespace selvedge::policy
