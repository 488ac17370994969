#include "admin_answer.hpp"

#include <nlohmann/json.hpp>

namespace selvedge::server {

using nlohmann::json;

namespace {

// What clients sent may be quoted in a detail, and need not be UTF-8.
std::string text_of(const json& body, int indent) {
  return body.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace

AdminAnswer as_json(const json& body, http::Status status) {
  return {status, "application/json", text_of(body, 2)};
}

AdminAnswer problem(http::Status status, const std::string& detail) {
  const json body{{"status", status}, {"title", http::reason_phrase(status)}, {"detail", detail}};
  return {status, "application/problem+json", text_of(body, -1)};
}

} // namespace selvedge::server
