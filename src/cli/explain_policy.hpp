// The policy's part of what `selvedge explain` prints. Thread: any.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace selvedge::cli {

// What the client gets when the policy answers itself; "" when it does not. `answer` is that of
// /v1/explain.
std::string policy_consequence(const nlohmann::json& answer);
// Who is taken to ask, what the policy says to it, and rule by rule why.
void print_policy(const nlohmann::json& policy);

} // namespace selvedge::cli
