// What the admin API answers with.
#pragma once

#include <selvedge/http/status.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace selvedge::server {

struct AdminAnswer {
  http::Status status = 200;
  std::string_view type = "application/json";
  std::string content;
};

AdminAnswer as_json(const nlohmann::json& body, http::Status status = 200);
// application/problem+json (RFC 9457); `detail` is for people.
AdminAnswer problem(http::Status status, const std::string& detail);

} // namespace selvedge::server
