#include "release_request.hpp"

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/name.hpp>
#include <selvedge/config/nearest.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace selvedge::server {

using nlohmann::json;

namespace {

constexpr std::size_t kMostBundles = 100; // of one request

struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text(const json& value, const std::string& key) {
  if (!value.is_string()) throw Wrong(fmt::format("'{}' must be a text", key));
  return value.get<std::string>();
}

bool truth(const json& value, const std::string& key) {
  if (!value.is_boolean()) throw Wrong(fmt::format("'{}' must be true or false", key));
  return value.get<bool>();
}

std::vector<std::string> texts(const json& value, const std::string& key) {
  if (!value.is_array() || value.size() > kMostBundles) {
    throw Wrong(fmt::format("'{}' must be a list of at most {} texts", key, kMostBundles));
  }
  std::vector<std::string> list;
  for (const json& one : value) list.push_back(text(one, key));
  return list;
}

// "NAME", "NAME@SELECTOR".
proxy::ReleaseOrder::Bundle bundle_of(const std::string& written) {
  const std::size_t at = written.find('@', 1);
  proxy::ReleaseOrder::Bundle bundle{
      written.substr(0, at), at == std::string::npos ? std::string() : written.substr(at + 1)};
  if (!bundle::is_bundle_name(bundle.name)) {
    throw Wrong(fmt::format("'{}' names no bundle: expected NAME@VERSION", written));
  }
  return bundle;
}

bundle::Canary canary_of(const json& value) {
  constexpr std::array<const char*, 3> kKeys{"percent", "tiers", "regions"};
  if (!value.is_object()) throw Wrong("'canary' must be an object such as {\"percent\": 5}");
  bundle::Canary canary;
  for (const auto& [key, one] : value.items()) {
    if (key == "percent") {
      if (!one.is_number() || one.get<double>() < 0 || one.get<double>() > 100) {
        throw Wrong("'canary.percent' must be a number from 0 to 100");
      }
      canary.permille = static_cast<std::uint32_t>(std::lround(one.get<double>() * 10));
    } else if (key == "tiers") {
      canary.tiers = texts(one, "canary.tiers");
    } else if (key == "regions") {
      canary.regions = texts(one, "canary.regions");
    } else {
      throw Wrong("unknown key 'canary." + key + "'" +
                  config::did_you_mean(key, {kKeys.begin(), kKeys.end()}));
    }
  }
  return canary;
}

std::vector<std::string> keys_of(ReleaseVerb verb) {
  std::vector<std::string> keys{"url", "who", "why"};
  if (verb != ReleaseVerb::rollback) keys.emplace_back("canary");
  if (verb == ReleaseVerb::rollback) keys.emplace_back("at_once");
  if (verb != ReleaseVerb::publish) return keys;
  for (const char* key : {"bundles", "withdraw", "channel", "warm"}) keys.emplace_back(key);
  return keys;
}

void read_pair(const std::string& key, const json& value, ReleaseRequest& to) {
  proxy::ReleaseOrder& order = to.order;
  if (key == "url") to.url = text(value, key);
  if (key == "who") order.note.who = text(value, key);
  if (key == "why") order.note.why = text(value, key);
  if (key == "canary") order.canary = canary_of(value);
  if (key == "at_once") to.at_once = truth(value, key);
  if (key == "warm") order.warm = truth(value, key);
  if (key == "withdraw") order.withdrawn = texts(value, key);
  if (key == "channel") order.channel = text(value, key);
  if (key != "bundles") return;
  for (const std::string& one : texts(value, key)) order.bundles.push_back(bundle_of(one));
}

void check_publish(const proxy::ReleaseOrder& order) {
  if (order.bundles.empty() && order.withdrawn.empty()) {
    throw Wrong("name what is to be released: {\"bundles\": [\"NAME@VERSION\"]}");
  }
  if (!bundle::is_channel_name(order.channel)) {
    throw Wrong(fmt::format("'{}' is no channel", order.channel));
  }
  std::vector<std::string> names = order.withdrawn;
  for (const auto& one : order.bundles) names.push_back(one.name);
  std::ranges::sort(names);
  const auto same = std::ranges::adjacent_find(names);
  if (same != names.end()) throw Wrong(fmt::format("'{}' is named twice", *same));
}

} // namespace

std::variant<ReleaseRequest, std::string>
read_release_request(std::string_view content, ReleaseVerb verb, std::chrono::sys_seconds now) {
  const json body = content.empty() ? json::object() : json::parse(content, nullptr, false);
  if (!body.is_object()) return "expected a JSON object such as {\"bundles\": [\"NAME@VERSION\"]}";
  const std::vector<std::string> keys = keys_of(verb);
  ReleaseRequest request;
  request.order.note.at = now;
  request.order.note.who = "admin API";
  try {
    for (const auto& [key, value] : body.items()) {
      if (std::ranges::find(keys, key) == keys.end()) {
        throw Wrong("unknown key '" + key + "'" + config::did_you_mean(key, keys));
      }
      read_pair(key, value, request);
    }
    if (verb == ReleaseVerb::publish) check_publish(request.order);
  } catch (const Wrong& wrong) {
    return wrong.what();
  }
  return request;
}

} // namespace selvedge::server
