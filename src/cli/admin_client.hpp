// Asks the admin API of a running node. Thread: any; waits for the answer.
#pragma once

#include "commands.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace selvedge::cli {

// The JSON object that came back; nothing after saying on stderr what went wrong.
std::optional<nlohmann::json> get(const AdminOptions& admin, const std::string& target);
std::optional<nlohmann::json> post(const AdminOptions& admin, const std::string& target,
                                   const std::string& content);

} // namespace selvedge::cli
