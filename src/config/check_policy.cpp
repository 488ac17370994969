#include "check.hpp"

#include <selvedge/config/nearest.hpp>
#include <selvedge/policy/policy_set.hpp>

#include <algorithm>

namespace selvedge::config {
namespace {

using Names = std::vector<std::string>;

// `what` is an origin or a listener that `policy` names, by the key at `path`.
void check_name(const std::string& name, const std::string& path, const Names& known,
                std::string_view what, Reading& reading) {
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
  reading.fail(reading.where(path), path,
               std::string("there is no ").append(what) + " " + in_quotes(name) +
                   did_you_mean(name, known));
}

void check_origins_of_rules(const Config& config, Reading& reading) {
  Names origins;
  for (const upstream::OriginOptions& origin : config.origins) origins.push_back(origin.name);
  for (std::size_t i = 0; i < config.policy.rules.size(); ++i) {
    check_name(config.policy.rules[i].then.origin,
               "policy.rules[" + std::to_string(i) + "].then.origin", origins, "origin", reading);
  }
}

void check_listeners_of_tiers(const Config& config, Reading& reading) {
  Names listeners;
  for (const net::ListenerOptions& listener : config.listeners) listeners.push_back(listener.name);
  const auto& identified = config.policy.identify.listeners;
  for (std::size_t i = 0; i < identified.size(); ++i) {
    check_name(identified[i].listener,
               "policy.identify.listeners[" + std::to_string(i) + "].listener", listeners,
               "listener", reading);
  }
}

} // namespace

void check_policy(const Config& config, Reading& reading) {
  // A tier that could not be read would be missed by all who name it.
  if (reading.has_failed_within("policy")) return;
  if (!reading.has_failed_within("origins")) check_origins_of_rules(config, reading);
  if (!reading.has_failed_within("listeners")) check_listeners_of_tiers(config, reading);
  for (const policy::PolicyProblem& problem : policy::problems_of(config.policy)) {
    const std::string path = "policy." + problem.path;
    if (problem.is_warning) {
      reading.warn(reading.where(path), problem.text);
    } else if (!reading.has_failed(path)) {
      reading.fail(reading.where(path), path, problem.text);
    }
  }
}

} // namespace selvedge::config
