// Tests of a policy, written in YAML: requests, what is known about them, and what is to become of
// them. Read by the same records as the configuration.
#pragma once

#include <selvedge/config/config.hpp>
#include <selvedge/overload/load_level.hpp>
#include <selvedge/policy/identifier.hpp>
#include <selvedge/policy/options.hpp>
#include <selvedge/policy/policy_set.hpp>
#include <selvedge/proxy/options.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::config {

struct CaseRequest {
  std::string method = "GET";
  std::string url;
  std::vector<proxy::HeaderField> headers;
  std::string client = "192.0.2.1"; // an address that nobody has (RFC 5737)
  std::string listener;
  std::string server_name; // empty: the host of an https URL
  std::vector<std::string> certificate_names;
};

// What is taken for granted; what is empty is found out as it is for any request.
struct CaseIdentity {
  std::string tier;
  std::string tenant;
  std::string region;
};

struct CaseStored {
  std::string type;
  std::uint64_t size = 0; // bytes; 0: not known
};

// One thing that is expected, in words: {"shed", "503"}, {"rule.shed", "free is shed"}.
struct Expectation {
  std::string aspect;
  std::string value; // "none" for nothing
  std::string place; // "file:line:col"
};

struct PolicyCase {
  std::string name;
  std::string place;
  CaseRequest request;
  CaseIdentity as;
  CaseStored stored;
  overload::LoadLevel load = overload::LoadLevel::calm;
  std::chrono::sys_seconds time{};
  std::vector<Expectation> expectations; // one at least
};

// As load() and parse(): throw ConfigError with one line a problem.
std::vector<PolicyCase> load_policy_cases(const std::string& file);
std::vector<PolicyCase> parse_policy_cases(std::string_view yaml, const std::string& name);

// What came instead of what a case expects.
struct PolicyMiss {
  std::string place;
  std::string aspect;
  std::string expected;
  std::string got;
  std::string rule; // that decided it; empty: none did
};

// Asks a configuration's policy what becomes of cases. Thread: one.
class PolicyTrial {
public:
  // Throws std::runtime_error when key files cannot be read.
  explicit PolicyTrial(const Config& config);
  ~PolicyTrial();

  // Empty: all is as expected.
  std::vector<PolicyMiss> misses(const PolicyCase& one);

private:
  struct Asked;

  policy::Identity identify(const Asked& asked, const PolicyCase& one);
  std::uint16_t region_of(const Asked& asked, const PolicyCase& one) const;

  std::vector<std::string> trusted_proxies_;
  policy::PolicySetPtr policy_;
  policy::Identifier identifier_;
  policy::TokenCache tokens_;
  policy::IdentityCounters counters_;
};

} // namespace selvedge::config
