// Tiers, regions, classes, costs and overload; identity and rules have files of their own.
#include "problem_checks.hpp"

#include <fmt/format.h>

namespace selvedge::policy {

namespace {

constexpr std::size_t kMostTiers = 64; // a set of them is a word
constexpr std::size_t kMostRegions = 4096;
constexpr double kRounding = 1e-9; // of sums like 0.7 + 0.2 + 0.1

void check_share_sum(const PolicyOptions& options, double TierOptions::*share,
                     std::string_view name, ProblemList& problems) {
  double sum = 0;
  for (const TierOptions& tier : options.tiers) sum += tier.*share;
  if (!(sum > 1 + kRounding)) return;
  problems.error("tiers",
                 fmt::format("'{}' of all tiers adds up to {:.4g}: more than 1", name, sum));
}

void check_values(const TierOptions& tier, const std::string& path, const NameList& regions,
                  ProblemList& problems) {
  problems.error_if_any(path + ".value", amount_fault(tier.value));
  SeenNames seen("region", Case::counts);
  for (std::size_t i = 0; i < tier.values.size(); ++i) {
    const std::string at = item(path + ".values", i);
    const RegionValue& other = tier.values[i];
    problems.error_if_any(at + ".region", regions.fault_of(other.region));
    problems.error_if_any(at + ".region", seen.fault_of(other.region));
    problems.error_if_any(at + ".value", amount_fault(other.value));
  }
}

void check_tiers(const PolicyOptions& options, ProblemList& problems) {
  if (options.tiers.size() > kMostTiers) {
    problems.error("tiers",
                   fmt::format("there are {} tiers: {} at most", options.tiers.size(), kMostTiers));
  }
  const NameList regions = regions_in(options);
  SeenNames seen("tier", Case::counts);
  for (std::size_t i = 0; i < options.tiers.size(); ++i) {
    const TierOptions& tier = options.tiers[i];
    const std::string path = item("tiers", i);
    if (tier.name.empty()) problems.error(path + ".name", "a tier needs a name");
    problems.error_if_any(path + ".name", seen.fault_of(tier.name));
    problems.error_if_any(path + ".reserved_cpu", share_fault(tier.reserved_cpu));
    problems.error_if_any(path + ".reserved_origin", share_fault(tier.reserved_origin));
    problems.error_if_any(path + ".reserved_cache", share_fault(tier.reserved_cache));
    problems.error_if_any(path + ".objective_availability",
                          share_fault(tier.objective_availability));
    if (tier.objective_p99.count() < 0) {
      problems.error(path + ".objective_p99", "a duration cannot be negative");
    }
    check_values(tier, path, regions, problems);
  }
  check_share_sum(options, &TierOptions::reserved_cpu, "reserved_cpu", problems);
  check_share_sum(options, &TierOptions::reserved_origin, "reserved_origin", problems);
  check_share_sum(options, &TierOptions::reserved_cache, "reserved_cache", problems);
}

void check_regions(const PolicyOptions& options, ProblemList& problems) {
  if (options.regions.size() > kMostRegions) {
    problems.error("regions", fmt::format("there are {} regions: {} at most",
                                          options.regions.size(), kMostRegions));
  }
  SeenNames seen("region", Case::is_ignored); // as the header's value is compared
  SeenNames networks("network", Case::is_ignored);
  for (std::size_t i = 0; i < options.regions.size(); ++i) {
    const RegionOptions& region = options.regions[i];
    const std::string path = item("regions", i);
    if (region.name.empty()) problems.error(path + ".name", "a region needs a name");
    problems.error_if_any(path + ".name", seen.fault_of(region.name));
    for (std::size_t j = 0; j < region.networks.size(); ++j) {
      const std::string at = item(path + ".networks", j);
      problems.error_if_any(at, network_fault(region.networks[j]));
      problems.error_if_any(at, networks.fault_of(region.networks[j]));
    }
  }
}

void check_classes(const PolicyOptions& options, ProblemList& problems) {
  SeenNames seen("class", Case::counts);
  for (std::size_t i = 0; i < options.classes.size(); ++i) {
    const ContentClassOptions& one = options.classes[i];
    const std::string path = item("classes", i);
    if (!one.name.empty()) problems.error_if_any(path + ".name", seen.fault_of(one.name));
    if (one.max_size != 0 && one.min_size > one.max_size) {
      problems.error(path + ".max_size", fmt::format("'max_size' ({}) is less than 'min_size' ({})",
                                                     one.max_size, one.min_size));
    }
  }
}

void check_economics(const EconomicsOptions& economics, ProblemList& problems) {
  problems.error_if_any("economics.origin_gib", amount_fault(economics.origin_gib));
  SeenNames seen("storage tier", Case::counts);
  for (std::size_t i = 0; i < economics.storage.size(); ++i) {
    const TierCostOptions& storage = economics.storage[i];
    const std::string path = item("economics.storage", i);
    problems.error_if_any(path + ".name", seen.fault_of(storage.name));
    problems.error_if_any(path + ".gib_read", amount_fault(storage.gib_read));
    problems.error_if_any(path + ".gib_month", amount_fault(storage.gib_month));
  }
}

void check_overload(const OverloadOptions& overload, ProblemList& problems) {
  problems.error_if_any("overload.cpu_budget", share_fault(overload.cpu_budget));
  if (overload.cpu_budget == 0) {
    problems.error("overload.cpu_budget", "with no budget nobody would be served");
  }
  problems.error_if_any("overload.floor", share_fault(overload.floor));
  problems.error_if_any("overload.handshakes", share_fault(overload.handshakes));
  problems.error_if_any("overload.rejections", share_fault(overload.rejections));
  problems.error_if_any("overload.unknown", share_fault(overload.unknown));
  const auto check = [&problems](const char* name, bool is_good, const char* text) {
    if (!is_good) problems.error(std::string("overload.") + name, text);
  };
  check("target_delay", overload.target_delay.count() > 0, "it must be longer than 0");
  check("cohort_period", overload.cohort_period.count() > 0, "it must be longer than 0");
  check("defer", overload.defer.count() >= 0, "a duration cannot be negative");
  check("stale_window", overload.stale_window.count() >= 0, "a duration cannot be negative");
}

} // namespace

std::vector<PolicyProblem> problems_of(const PolicyOptions& options) {
  if (options.tiers.empty()) {
    PolicyOptions with_one = options; // as PolicySet has it
    with_one.tiers.emplace_back().name = "default";
    return problems_of(with_one);
  }
  ProblemList problems;
  check_tiers(options, problems);
  check_identify(options, problems);
  check_regions(options, problems);
  check_classes(options, problems);
  check_rules(options, problems);
  check_economics(options.economics, problems);
  check_overload(options.overload, problems);
  // What follows from names that do not exist or times that cannot be read would only confuse.
  if (!problems.has_errors()) {
    warn_of_tiers(options, problems);
    warn_of_rules(options, problems);
  }
  return problems.all();
}

} // namespace selvedge::policy
