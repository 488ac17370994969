// A token as it is written, before anything of it is believed: the compact form of a signed JWT.
// Source: RFC 7515, 3.1; RFC 7519. Thread: any.
#pragma once

#include <selvedge/policy/options.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::policy {

struct Jwt {
  std::string_view signed_text; // of the token: header and claims as they are signed
  std::string signature;
  std::optional<JwtAlgorithm> algorithm; // nothing: "none", or one that is not known
  std::optional<std::string> key_id;
  bool has_critical = false; // says that something must be understood (RFC 7515, 4.1.11)
  nlohmann::json claims;     // an object
  std::optional<std::chrono::sys_seconds> not_before;
  std::optional<std::chrono::sys_seconds> expires;
};

// Nothing for what is none. A signature may lack only where the algorithm is none that is known.
// Requires: token outlives the Jwt.
std::optional<Jwt> parse_jwt(std::string_view token);

// The claim of that name; else, with dots, the member of an object: "a.b" of {"a": {"b": 1}}. Null
// when there is none.
const nlohmann::json* claim_of(const nlohmann::json& claims, std::string_view name);

} // namespace selvedge::policy
