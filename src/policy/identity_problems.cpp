#include "problem_checks.hpp"

#include <selvedge/base/address_list.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace selvedge::policy {

namespace {

constexpr std::string_view kPath = "identify";

std::string text_of(JwtAlgorithm algorithm) {
  constexpr std::array<std::string_view, 4> kTexts = {"hs256", "rs256", "es256", "eddsa"};
  return std::string(kTexts[static_cast<std::size_t>(algorithm)]);
}

bool is_sha256(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string place_of(std::string_view list, std::size_t index) {
  return item(std::string(kPath) + "." + std::string(list), index);
}

void check_names(const std::vector<TierName>& names, const std::string& path, const NameList& tiers,
                 ProblemList& problems) {
  SeenNames seen("value", Case::counts);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string at = item(path, i);
    problems.error_if_any(at + ".value", seen.fault_of(names[i].value));
    problems.error_if_any(at + ".tier", tiers.fault_of(names[i].tier));
  }
}

void check_jwt(const JwtOptions& jwt, const std::string& path, const NameList& tiers,
               ProblemList& problems) {
  if (jwt.jwks_file.empty() && jwt.secret_file.empty()) {
    problems.error(path, "tokens need keys: 'jwks_file', 'secret_file' or both");
  } else {
    for (std::size_t i = 0; i < jwt.algorithms.size(); ++i) {
      const JwtAlgorithm algorithm = jwt.algorithms[i];
      const bool is_secret = algorithm == JwtAlgorithm::hs256;
      if (!(is_secret ? jwt.secret_file : jwt.jwks_file).empty()) continue;
      problems.error(item(path + ".algorithms", i),
                     in_quotes(text_of(algorithm)) + " needs " +
                         (is_secret ? "'secret_file'" : "'jwks_file'"));
    }
  }
  if (jwt.leeway.count() < 0) problems.error(path + ".leeway", "a duration cannot be negative");
  check_names(jwt.tiers, path + ".tiers", tiers, problems);
}

void check_api_keys(const IdentifyOptions& identify, const NameList& tiers, ProblemList& problems) {
  SeenNames seen("key", Case::is_ignored);
  for (std::size_t i = 0; i < identify.api_keys.size(); ++i) {
    const ApiKeyOptions& key = identify.api_keys[i];
    const std::string path = place_of("api_keys", i);
    if (!is_sha256(key.sha256)) {
      problems.error(path + ".sha256", in_quotes(key.sha256) + " is not 64 hexadecimal digits");
    } else {
      problems.error_if_any(path + ".sha256", seen.fault_of(key.sha256));
    }
    problems.error_if_any(path + ".tier", tiers.fault_of(key.tier));
  }
}

void check_header(const HeaderIdentityOptions& header, const NameList& tiers,
                  ProblemList& problems) {
  const std::string path = std::string(kPath) + ".header";
  for (std::size_t i = 0; i < header.from.size(); ++i) {
    problems.error_if_any(item(path + ".from", i), network_fault(header.from[i]));
  }
  check_names(header.tiers, path + ".tiers", tiers, problems);
}

void check_networks(const IdentifyOptions& identify, const NameList& tiers, ProblemList& problems) {
  SeenNames seen("network", Case::is_ignored);
  for (std::size_t i = 0; i < identify.networks.size(); ++i) {
    const NetworkTierOptions& one = identify.networks[i];
    const std::string path = place_of("networks", i);
    problems.error_if_any(path + ".network", network_fault(one.network));
    problems.error_if_any(path + ".network", seen.fault_of(one.network));
    problems.error_if_any(path + ".tier", tiers.fault_of(one.tier));
  }
}

void check_connections(const IdentifyOptions& identify, const NameList& tiers,
                       ProblemList& problems) {
  SeenNames certificates("certificate", Case::counts);
  for (std::size_t i = 0; i < identify.certificates.size(); ++i) {
    const CertificateTierOptions& one = identify.certificates[i];
    const std::string path = place_of("certificates", i);
    problems.error_if_any(path + ".name", certificates.fault_of(one.name));
    problems.error_if_any(path + ".tier", tiers.fault_of(one.tier));
  }
  SeenNames servers("server name", Case::is_ignored);
  for (std::size_t i = 0; i < identify.server_names.size(); ++i) {
    const ServerNameTierOptions& one = identify.server_names[i];
    const std::string path = place_of("server_names", i);
    problems.error_if_any(path + ".name", servers.fault_of(one.name));
    problems.error_if_any(path + ".tier", tiers.fault_of(one.tier));
  }
  SeenNames listeners("listener", Case::counts);
  for (std::size_t i = 0; i < identify.listeners.size(); ++i) {
    const ListenerTierOptions& one = identify.listeners[i];
    const std::string path = place_of("listeners", i);
    problems.error_if_any(path + ".listener", listeners.fault_of(one.listener));
    problems.error_if_any(path + ".tier", tiers.fault_of(one.tier));
  }
}

template <typename List> bool names_tier(const List& list, std::string_view tier) {
  return std::any_of(list.begin(), list.end(),
                     [tier](const auto& one) { return one.tier == tier; });
}

bool is_header_believed(const HeaderIdentityOptions& header) {
  return !header.tier_header.empty() && !header.from.empty();
}

const std::string& default_tier_of(const PolicyOptions& options) {
  const std::string& said = options.identify.default_tier;
  return said.empty() ? options.tiers.back().name : said;
}

} // namespace

std::string network_fault(const std::string& network) {
  try {
    const base::AddressList list({network});
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

bool is_reachable(const PolicyOptions& options, std::string_view tier) {
  const IdentifyOptions& identify = options.identify;
  if (!identify.jwt.empty() || is_header_believed(identify.header)) return true;
  if (tier == default_tier_of(options)) return true;
  return names_tier(identify.api_keys, tier) || names_tier(identify.certificates, tier) ||
         names_tier(identify.networks, tier) || names_tier(identify.server_names, tier) ||
         names_tier(identify.listeners, tier);
}

void check_identify(const PolicyOptions& options, ProblemList& problems) {
  const IdentifyOptions& identify = options.identify;
  const NameList tiers = tiers_in(options);
  if (!identify.default_tier.empty()) {
    problems.error_if_any("identify.default_tier", tiers.fault_of(identify.default_tier));
  }
  for (std::size_t i = 0; i < identify.jwt.size(); ++i) {
    check_jwt(identify.jwt[i], place_of("jwt", i), tiers, problems);
  }
  check_api_keys(identify, tiers, problems);
  check_header(identify.header, tiers, problems);
  check_networks(identify, tiers, problems);
  check_connections(identify, tiers, problems);
}

void warn_of_tiers(const PolicyOptions& options, ProblemList& problems) {
  const HeaderIdentityOptions& header = options.identify.header;
  if (!header.tier_header.empty() && header.from.empty()) {
    problems.warning("identify.header.from", "nobody is believed, so " +
                                                 in_quotes(header.tier_header) +
                                                 " is not looked at");
  }
  for (std::size_t i = 0; i < options.tiers.size(); ++i) {
    const std::string& name = options.tiers[i].name;
    if (is_reachable(options, name)) continue;
    problems.warning(item("tiers", i) + ".name",
                     "nobody can be of tier " + in_quotes(name) +
                         ": it is not the default, and nothing in 'identify' names it");
  }
}

} // namespace selvedge::policy
