// Where requests carry credentials, and finding them there. Immutable; thread: any.
#pragma once

#include <selvedge/http/head.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace selvedge::policy {

struct Carried {
  enum class Kind : std::uint8_t {
    nothing,
    one,
    unclear
  }; // unclear: several, or none in its place
  Kind kind = Kind::nothing;
  std::string_view text; // when it is one; not empty
};

// A field that may be there once.
class CarryingField {
public:
  explicit CarryingField(std::string_view name);

  const std::string& name() const { return name_; } // lower case
  Carried find(const http::FieldList& fields) const;

private:
  std::string name_;
  http::FieldName id_;
};

// Where a token is: "Authorization: Bearer TOKEN", another field or a cookie.
class TokenPlace {
public:
  // Of a cookie when its name is given, else of a field.
  TokenPlace(std::string_view field, std::string_view cookie);

  const std::string& field_name() const { return field_.name(); }
  // An Authorization of another scheme carries no token, nor does an empty field or cookie.
  Carried find(const http::FieldList& fields) const;
  friend bool operator==(const TokenPlace& a, const TokenPlace& b) {
    return a.field_.name() == b.field_.name() && a.cookie_ == b.cookie_;
  }

private:
  Carried find_cookie(const http::FieldList& fields) const;

  CarryingField field_;
  std::string cookie_;
};

} // namespace selvedge::policy
