#include "commands.hpp"

#include <selvedge/config/load.hpp>
#include <selvedge/config/policy_cases.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <stdexcept>

namespace selvedge::cli {
namespace {

using nlohmann::json;

struct Failure {
  std::string name; // of the case
  config::PolicyMiss miss;
};

struct Score {
  std::size_t passed = 0;
  std::size_t failed = 0; // cases
  std::vector<Failure> failures;
};

void print(const Failure& failure) {
  const config::PolicyMiss& miss = failure.miss;
  const std::string rule =
      miss.rule.empty() ? "no rule decided it" : fmt::format("decided by rule \"{}\"", miss.rule);
  std::cout << fmt::format("{}: {}: {}: expected {}, got {} ({})\n", miss.place, failure.name,
                           miss.aspect, miss.expected, miss.got, rule);
}

json json_of(const Score& score) {
  json failures = json::array();
  for (const auto& [name, miss] : score.failures) {
    failures.push_back({{"place", miss.place},
                        {"case", name},
                        {"aspect", miss.aspect},
                        {"expected", miss.expected},
                        {"got", miss.got},
                        {"rule", miss.rule}});
  }
  return {{"passed", score.passed}, {"failed", score.failed}, {"failures", std::move(failures)}};
}

Score score_of(const std::vector<config::PolicyCase>& cases, config::PolicyTrial& trial) {
  Score score;
  for (const config::PolicyCase& one : cases) {
    const std::vector<config::PolicyMiss> misses = trial.misses(one);
    ++(misses.empty() ? score.passed : score.failed);
    for (const config::PolicyMiss& miss : misses) score.failures.push_back({one.name, miss});
  }
  return score;
}

int test(const PolicyTestOptions& options) {
  const config::Config config = config::load(options.config);
  for (const std::string& warning : config.warnings) std::cerr << warning << "\n";
  config::PolicyTrial trial(config);
  std::vector<config::PolicyCase> cases;
  for (const std::string& file : options.files) {
    for (config::PolicyCase& one : config::load_policy_cases(file)) cases.push_back(std::move(one));
  }
  const Score score = score_of(cases, trial);
  if (options.output == Output::json) {
    std::cout << json_of(score).dump(2) << "\n";
  } else {
    for (const Failure& failure : score.failures) print(failure);
    std::cout << fmt::format("{} passed, {} failed\n", score.passed, score.failed);
  }
  return score.failed == 0 ? kDone : kBadConfiguration;
}

} // namespace

int test_policy(const PolicyTestOptions& options) {
  try {
    return test(options);
  } catch (const config::ConfigError& error) {
    std::cerr << error.what() << "\n";
  } catch (const std::runtime_error& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
  }
  return kBadConfiguration;
}

} // namespace selvedge::cli
