// The policy's part of GET /v1/explain: who is taken to ask, and what the policy makes of it.
// Thread: any.
#pragma once

#include <selvedge/proxy/explain.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace selvedge::server {

// "tier=free,tenant=acme,region=eu,listener=https,client=10.0.0.7", each as need be: whom that
// describes, without a policy, or why it describes nobody.
std::variant<proxy::PolicyQuestion, std::string>
read_asker(const std::vector<std::string>& descriptions);

// "calm", "elevated", "high" or "critical".
std::optional<overload::LoadLevel> load_named(std::string_view name);

// Names that the asker's policy does not have; "" when all is well.
std::string refusal_of(const proxy::PolicyQuestion& asker);

// What becomes of the request before the cache is asked, or instead of the origin.
enum class PolicyEffect : std::uint8_t { none, shed, redirected, stopped };
PolicyEffect effect_of(const proxy::Explanation& explanation);
// The rule that decides that; "" where it is none. The text is in the policy.
std::string_view deciding_rule(const proxy::PolicyExplanation& policy, policy::Aspect aspect);

nlohmann::json policy_json(const proxy::PolicyExplanation& policy);

} // namespace selvedge::server
