// Asks the admin API of a running node. Thread: any; waits for the answer.
#pragma once

#include "commands.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::cli {

// The JSON object that came back; nothing after saying on stderr what went wrong.
std::optional<nlohmann::json> get(const AdminOptions& admin, const std::string& target);
std::optional<nlohmann::json> post(const AdminOptions& admin, const std::string& target,
                                   const std::string& content);
// RFC 3986, 2.1: a value for the query of a target.
std::string encoded(std::string_view text);

} // namespace selvedge::cli
