// JSON that others wrote and that something is decided by: no member twice, not deeply nested, and
// no exceptions. Source: RFC 8259; RFC 7519, 4 on members that are there twice. Thread: any.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace selvedge::policy {

inline constexpr std::size_t kJsonDepth = 16;

// Nothing for all else. Its size is for the caller to bound.
std::optional<nlohmann::json> parse_strict_json(std::string_view text);

} // namespace selvedge::policy
