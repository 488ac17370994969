#include <selvedge/config/origin_change.hpp>

#include "kinds.hpp"
#include "origin_sections.hpp"

#include <optional>

namespace selvedge::config {
namespace {

const Section<OriginChange>& change_section() {
  static const Section<OriginChange> kKeys = [] {
    Section<OriginChange> keys;
    keys.add("name", &OriginChange::origin, text(kName), {"An origin.", Reload::live, true});
    keys.add("servers", &OriginChange::servers,
             section_list<upstream::ServerOptions>(
                 server_section(), [](const upstream::ServerOptions& s) { return s.address; },
                 Empty::refused),
             {"Instead of all that it has."});
    keys.add("server", &OriginChange::server, text(kServerAddress), {"One that it has."});
    keys.add("weight", &OriginChange::weight, server_weight(), {"Of that one."});
    return keys;
  }();
  return kKeys;
}

// All servers, or one and its weight.
void check(Reading& reading) {
  const bool has_server = reading.is_set("server");
  const bool has_weight = reading.is_set("weight");
  const auto fail = [&](const std::string& key, const std::string& text) {
    reading.fail(reading.where(key), key, text);
  };
  if (reading.is_set("servers")) {
    if (has_server) fail("server", "'server' is not for a change of all 'servers'");
    if (has_weight) fail("weight", "'weight' is not for a change of all 'servers'");
  } else if (!has_server && !has_weight) {
    fail("", "'servers' is missing, or 'server' and 'weight'");
  } else if (!has_server) {
    fail("server", "'server' is missing: whose weight?");
  } else if (!has_weight) {
    fail("weight", "'weight' is missing");
  }
}

std::optional<YAML::Node> node_of(std::string_view text, Reading& reading) {
  try {
    return YAML::Load(std::string(text));
  } catch (const YAML::Exception& error) {
    reading.fail(reading.place(error.mark), "", "not JSON: " + error.msg);
    return std::nullopt;
  }
}

} // namespace

OriginChange parse_origin_change(std::string_view text) {
  Reading reading;
  reading.begin_file("request");
  OriginChange change;
  if (const std::optional<YAML::Node> node = node_of(text, reading)) {
    const Where start = reading.place(YAML::Mark{});
    change_section().read(Input{reading, *node, "", start}, change);
    if (reading.failures() == 0) check(reading);
  }
  reading.throw_failures();
  return change;
}

} // namespace selvedge::config
