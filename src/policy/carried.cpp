#include "carried.hpp"

#include <algorithm>

namespace selvedge::policy {

namespace {

constexpr std::string_view kBearer = "bearer";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// RFC 6750, 2.1 and RFC 9110, 11.4: the scheme in any case, spaces, the token.
Carried bearer_token_in(std::string_view credentials) {
  const std::size_t space = std::min(credentials.find(' '), credentials.size());
  if (!http::equals_ignoring_case(credentials.substr(0, space), kBearer)) return {};
  const std::string_view token = http::trim(credentials.substr(space));
  if (token.empty()) return {Carried::Kind::unclear, {}};
  return {Carried::Kind::one, token};
}

} // namespace

CarryingField::CarryingField(std::string_view name)
    : name_(lower_case(name)), id_(http::field_name_of(name_)) {}

Carried CarryingField::find(const http::FieldList& fields) const {
  if (!fields.may_have(http::bit_of(id_))) return {};
  Carried found;
  for (const http::Field& field : fields) {
    if (field.id != id_) continue;
    if (id_ == http::FieldName::unknown && !http::equals_ignoring_case(field.name, name_)) continue;
    // The peer before us may have added one to what the client sent: nobody knows whose is whose.
    if (found.kind != Carried::Kind::nothing) return {Carried::Kind::unclear, {}};
    found = {Carried::Kind::one, http::trim(field.value)};
  }
  if (found.text.empty()) return {};
  return found;
}

TokenPlace::TokenPlace(std::string_view field, std::string_view cookie)
    : field_(cookie.empty() ? field : http::text_of(http::FieldName::cookie)), cookie_(cookie) {}

Carried TokenPlace::find(const http::FieldList& fields) const {
  if (!cookie_.empty()) return find_cookie(fields);
  const Carried carried = field_.find(fields);
  const bool is_bearer = field_.name() == http::text_of(http::FieldName::authorization);
  return is_bearer && carried.kind == Carried::Kind::one ? bearer_token_in(carried.text) : carried;
}

// The first of that name: clients send the one of the longest path first (RFC 6265, 5.4).
Carried TokenPlace::find_cookie(const http::FieldList& fields) const {
  if (!fields.may_have(http::bit_of(http::FieldName::cookie))) return {};
  for (const http::Field& field : fields) {
    if (field.id != http::FieldName::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      const std::string_view pair = http::trim(part);
      if (!pair.starts_with(cookie_) || pair.size() <= cookie_.size() + 1) continue;
      if (pair[cookie_.size()] == '=') return {Carried::Kind::one, pair.substr(cookie_.size() + 1)};
    }
  }
  return {};
}

} // namespace selvedge::policy
