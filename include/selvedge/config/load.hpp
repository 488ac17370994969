// Reads, checks and documents the configuration. One record per field (path, type, unit, default,
// bounds, reload class, text) gives the parser, its errors, the reference and the JSON Schema.
#pragma once

#include <selvedge/config/config.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::config {

// what() is one line a problem, each "file:line:col: message"; a file that cannot be read has no
// line. Thrown at start and caught at reload.
class ConfigError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

// One file, or a directory whose *.yaml files are read in order of name (lists are joined, a key
// set twice is an error). Unknown keys, bad values, duplicate keys, routes to origins that do not
// exist and doubled names are errors; all of them are reported at once.
Config load(const std::string& path);
// The same from text; `name` stands for the file in messages.
Config parse(std::string_view yaml, const std::string& name);

// The effective configuration as YAML, defaults written out; parse() reads it back to the same.
std::string to_yaml(const Config& config);
// The reference: every key with its text, unit, bounds, default and reload class, as commented
// YAML.
std::string reference();
// A JSON Schema (draft 2020-12) for editors.
std::string json_schema();
// The keys whose values differ, as "cache.size: 256MiB -> 1GiB"; those that a reload cannot change
// end in " (needs a restart)".
std::vector<std::string> differences(const Config& from, const Config& to);

} // namespace selvedge::config
