#include <selvedge/config/origin_change.hpp>

#include "reading.hpp"
#include "units.hpp"

#include <algorithm>
#include <set>

namespace selvedge::config {
namespace {

using upstream::OriginOptions;
using upstream::ServerOptions;
using Problems = std::vector<OriginProblem>;

void check_servers(const std::vector<ServerOptions>& servers, Problems& problems) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const std::string& address = servers[i].address;
    if (address.empty() || seen.insert(address).second) continue;
    problems.push_back({"servers[" + std::to_string(i) + "].address",
                        "server " + in_quotes(address) + " is there twice"});
  }
  const bool is_any_asked =
      std::any_of(servers.begin(), servers.end(), [](const auto& s) { return s.weight > 0; });
  if (is_any_asked || servers.empty()) return;
  problems.push_back({"servers", "all 'servers' have weight 0: nobody would be asked"});
}

void check_tls(const upstream::ServerTlsOptions& tls, Problems& problems) {
  if (!tls.enabled && tls != upstream::ServerTlsOptions{}) {
    problems.push_back({"tls.enabled", "'tls' is not used without 'enabled: true'"});
  }
  if (!tls.certificate.empty() && tls.key.empty()) {
    problems.push_back({"tls.key", "'key' is missing, 'certificate' needs it"});
  }
  if (tls.certificate.empty() && !tls.key.empty()) {
    problems.push_back({"tls.certificate", "'certificate' is missing, 'key' needs it"});
  }
}

} // namespace

// Servers that are missing altogether are reported by the section.
std::vector<OriginProblem> problems_of(const OriginOptions& origin) {
  Problems problems;
  check_servers(origin.servers, problems);
  check_tls(origin.tls, problems);
  if (origin.hedge.enabled && origin.servers.size() == 1) {
    problems.push_back({"hedge.enabled", "'hedge' needs two servers or more"});
  }
  const auto whole = origin.fetch_timeout;
  if (whole.count() > 0 && origin.first_byte_timeout > whole) {
    problems.push_back({"first_byte_timeout", "'first_byte_timeout' (" +
                                                  duration_text(origin.first_byte_timeout) +
                                                  ") must not be longer than 'fetch_timeout' (" +
                                                  duration_text(whole) + ")"});
  }
  return problems;
}

} // namespace selvedge::config
