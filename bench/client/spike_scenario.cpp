#include "spike_scenario.hpp"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <fstream>
#include <stdexcept>

namespace selvedge::bench {

namespace {

using Json = nlohmann::json;

Us seconds(const Json& value) {
  return std::chrono::duration<double>(value.get<double>());
}

std::uint32_t source_of(const std::string& address) {
  in_addr parsed{};
  constexpr std::uint32_t kLoopback = 127;
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1 ||
      ntohl(parsed.s_addr) >> 24 != kLoopback) {
    throw std::runtime_error(address + " is no address of loopback");
  }
  return ntohl(parsed.s_addr) & 0xffffff;
}

void check(const FlowOptions& flow) {
  constexpr double kMostRate = 1e7;
  for (const RateStep& step : flow.rate) {
    if (!(step.rate >= 0 && step.rate <= kMostRate)) {
      throw std::runtime_error(flow.name + ": a rate is between 0 and 1e7");
    }
  }
  const bool is_known = flow.protocol == "h1" || flow.protocol == "h2c" ||
                        flow.protocol == "h1tls" || flow.protocol == "h2tls";
  if (!is_known) throw std::runtime_error(flow.name + ": there is no protocol " + flow.protocol);
  if (flow.is_connection_each && flow.is_h2()) {
    throw std::runtime_error(flow.name + ": a connection each is for HTTP/1.1");
  }
  if (flow.connections == 0 || flow.depth == 0 || flow.sources == 0 || flow.paths.empty()) {
    throw std::runtime_error(flow.name + ": no connections, depth, sources or paths");
  }
}

FlowOptions flow_of(const Json& json) {
  FlowOptions flow;
  flow.name = json.at("name");
  flow.is_first = json.value("first", false);
  flow.protocol = json.at("protocol");
  flow.port = json.at("port");
  flow.first_source = source_of(json.value("source", "127.0.0.1"));
  flow.sources = json.value("sources", 1u);
  for (const Json& path : json.at("paths")) {
    flow.paths.push_back({path.at("path"), path.value("weight", 1.0)});
  }
  if (json.contains("header")) {
    flow.header = json.at("header").at("name");
    flow.header_values = json.at("header").at("values");
  }
  for (const Json& step : json.at("rate")) {
    flow.rate.push_back({seconds(step.at("from")), seconds(step.at("to")), step.at("rate")});
  }
  flow.connections = json.at("connections");
  flow.depth = json.value("depth", std::size_t{1});
  flow.timeout = seconds(json.at("timeout"));
  flow.wait = json.contains("wait") ? seconds(json.at("wait")) : flow.timeout;
  flow.is_connection_each = json.value("connection_each", false);
  flow.is_resumed = json.value("resumed", false);
  check(flow);
  return flow;
}

} // namespace

Scenario read_scenario(const std::string& file) {
  std::ifstream input(file);
  if (!input) throw std::runtime_error(file + " cannot be read");
  const Json json = Json::parse(input);
  Scenario scenario;
  scenario.length = seconds(json.at("seconds"));
  constexpr std::chrono::minutes kLongest{10};
  if (scenario.length > kLongest) throw std::runtime_error("a scenario lasts at most 600 s");
  for (const Json& phase : json.at("phases")) {
    scenario.phases.push_back(
        {phase.at("name"), seconds(phase.at("from")), seconds(phase.at("to"))});
  }
  for (const Json& flow : json.at("flows")) scenario.flows.push_back(flow_of(flow));
  return scenario;
}

} // namespace selvedge::bench
