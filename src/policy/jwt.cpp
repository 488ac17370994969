#include "jwt.hpp"

#include "base64url.hpp"
#include "signature_key.hpp"
#include "strict_json.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace selvedge::policy {

namespace {

using nlohmann::json;

// The end of the year 9999. Later dates are mistakes, most often milliseconds.
constexpr std::int64_t kLatest = 253'402'300'799;

using Segments = std::array<std::string_view, 3>;

std::optional<Segments> segments_of(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const Segments segments{token.substr(0, first), token.substr(first + 1, second - first - 1),
                          token.substr(second + 1)};
  if (segments[2].find('.') != std::string_view::npos) return std::nullopt;
  return segments;
}

std::optional<json> object_in(std::string_view segment) {
  const std::optional<std::string> text = base64url_decoded(segment);
  if (!text) return std::nullopt;
  std::optional<json> value = parse_strict_json(*text);
  if (!value || !value->is_object()) return std::nullopt;
  return value;
}

// RFC 7519, 2: NumericDate. Rounded up: a part of a second is left to the token.
std::optional<std::chrono::sys_seconds> date_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double seconds = std::ceil(value.get<double>());
  if (!(std::abs(seconds) <= static_cast<double>(kLatest))) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

// False: it is no header of a token.
bool read_header(const json& header, Jwt& token) {
  const auto algorithm = header.find("alg");
  if (algorithm == header.end() || !algorithm->is_string()) return false;
  token.algorithm = jwt_algorithm_of(algorithm->get_ref<const std::string&>());
  token.has_critical = header.contains("crit");
  const auto id = header.find("kid");
  if (id == header.end()) return true;
  if (!id->is_string()) return false;
  token.key_id = id->get<std::string>();
  return true;
}

// False: a date is none.
bool read_dates(Jwt& token) {
  const auto expires = token.claims.find("exp");
  const auto not_before = token.claims.find("nbf");
  if (expires != token.claims.end() && !(token.expires = date_of(*expires))) return false;
  return not_before == token.claims.end() || (token.not_before = date_of(*not_before));
}

} // namespace

std::optional<Jwt> parse_jwt(std::string_view token) {
  const std::optional<Segments> segments = segments_of(token);
  if (!segments) return std::nullopt;
  const std::optional<json> header = object_in((*segments)[0]);
  Jwt jwt;
  if (!header || !read_header(*header, jwt)) return std::nullopt;
  std::optional<json> claims = object_in((*segments)[1]);
  std::optional<std::string> signature = base64url_decoded((*segments)[2]);
  if (!claims || !signature || (signature->empty() && jwt.algorithm)) return std::nullopt;
  jwt.signed_text = token.substr(0, (*segments)[0].size() + 1 + (*segments)[1].size());
  jwt.claims = std::move(*claims);
  jwt.signature = std::move(*signature);
  if (!read_dates(jwt)) return std::nullopt;
  return jwt;
}

const json* claim_of(const json& claims, std::string_view name) {
  const auto whole = claims.find(name);
  if (whole != claims.end()) return &*whole;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    const auto object = claims.find(name.substr(0, dot));
    if (object == claims.end() || !object->is_object()) continue;
    if (const json* found = claim_of(*object, name.substr(dot + 1))) return found;
  }
  return nullptr;
}

} // namespace selvedge::policy
