// From a file to the one YAML document in it.
// Thread: any; what takes a Reading is as the Reading allows.
#pragma once

#include "reading.hpp"

#include <boost/system/result.hpp>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::config {

// What is in a file, or why it cannot be read. Of a file that is too large to be meant, a part
// that document() refuses.
boost::system::result<std::string> text_in(const std::string& file);
// The same, where a file that cannot be read ends it all: throws ConfigError that names it.
std::string read_source(const std::string& name);

// The one document of a file; a null node when it says nothing. No value after noting a failure.
std::optional<YAML::Node> document(std::string_view text, Reading& reading);

} // namespace selvedge::config
