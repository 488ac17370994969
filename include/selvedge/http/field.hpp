// Header fields as values: a token for each name that the node acts on, and lists of them.
// Source: RFC 9110, 5.
#pragma once

#include <boost/container/small_vector.hpp>

#include <algorithm>

#include <cstdint>
#include <string_view>

namespace selvedge::http {

// Names the node looks at. Everything else is `unknown` and travels by its text.
enum class FieldName : std::uint8_t {
  unknown,
  accept_encoding,
  accept_language,
  accept_ranges,
  age,
  allow,
  authorization,
  cache_control,
  cache_group_invalidation,
  cache_groups,
  cache_status,
  cache_tag,
  cdn_cache_control,
  connection,
  content_encoding,
  content_length,
  content_location,
  content_range,
  content_type,
  cookie,
  date,
  etag,
  expect,
  expires,
  forwarded,
  host,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  keep_alive,
  last_modified,
  link,
  location,
  no_vary_search,
  pragma,
  priority,
  proxy_authenticate,
  proxy_authentication_info,
  proxy_authorization,
  proxy_connection,
  proxy_status,
  range,
  retry_after,
  selvedge_cache_control,
  server,
  server_timing,
  set_cookie,
  surrogate_control,
  surrogate_key,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  vary,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  xkey,
};

// Case-insensitive.
FieldName field_name_of(std::string_view text);
// Lower case, as HTTP/2 needs; "" for unknown.
std::string_view text_of(FieldName name);

// True for fields that describe one connection only and are never forwarded or stored (RFC 9110,
// 7.6.1; RFC 9111, 3.1; and the two that predate them): connection, keep-alive, proxy-connection,
// te, trailer, transfer-encoding, upgrade, proxy-authenticate, proxy-authentication-info,
// proxy-authorization.
bool is_hop_by_hop(FieldName name);

// ASCII case folding only.
bool equals_ignoring_case(std::string_view a, std::string_view b);

struct Field {
  FieldName id = FieldName::unknown;
  std::string_view name;
  std::string_view value;
};

// A set of known names.
constexpr std::uint64_t bit_of(FieldName name) {
  return std::uint64_t{1} << static_cast<unsigned>(name);
}
static_assert(static_cast<unsigned>(FieldName::xkey) < 64, "a set has room for 64 names");

// Fields in the order received. It does not own the text: names and values live in the arena or
// buffer of whoever fills it. Two dozen fields need no allocation.
class FieldList {
public:
  void add(std::string_view name, std::string_view value) {
    add(Field{field_name_of(name), name, value});
  }
  void add(FieldName id, std::string_view value) { add(Field{id, text_of(id), value}); }
  void add(const Field& field) {
    fields_.push_back(field);
    names_ |= bit_of(field.id);
  }

  // False: there is none of these names. Most questions about a request end here.
  bool may_have(std::uint64_t names) const { return (names_ & names) != 0; }
  // The first of that name, or null.
  const Field* find(FieldName id) const { return may_have(bit_of(id)) ? search(id) : nullptr; }
  // As find(), for a name without a token.
  const Field* find(std::string_view name) const;
  // The first value, or "".
  std::string_view value(FieldName id) const;
  std::size_t count(FieldName id) const;
  void remove(FieldName id);
  template <typename Claim> void remove_if(Claim claim) {
    fields_.erase(std::remove_if(fields_.begin(), fields_.end(), claim), fields_.end());
  }
  void clear() {
    fields_.clear();
    names_ = 0;
  }

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }

private:
  const Field* search(FieldName id) const;

  boost::container::small_vector<Field, 24> fields_;
  std::uint64_t names_ = 0; // that are there, or have been
};

// Calls visit(element) for each non-empty element of the comma-separated lists in all fields named
// `id`, without surrounding whitespace; commas inside quoted strings do not separate (RFC
// 9110, 5.6.1). visit returns false to stop.
template <typename Visit> void for_each_element(const FieldList& fields, FieldName id, Visit visit);
template <typename Visit> bool for_each_element(std::string_view list, Visit visit);

std::string_view trim(std::string_view text); // spaces and tabs off both ends

// RFC 9110, 5.6.2: non-empty, token characters only.
bool is_token(std::string_view text);
// No CR, LF, NUL or other control but HTAB (RFC 9110, 5.5).
bool is_field_value(std::string_view text);

// Removes the fields that are hop-by-hop by definition and those that Connection names, except
// Host, Content-Length, Cache-Control and forwarding fields, which a peer may not strip by that
// route.
void remove_hop_by_hop(FieldList& fields);

// --- templates

template <typename Visit> bool for_each_element(std::string_view list, Visit visit) {
  std::size_t at = 0;
  while (at <= list.size()) {
    std::size_t end = at;
    bool quoted = false;
    for (; end < list.size(); ++end) {
      const char c = list[end];
      if (quoted) {
        if (c == '\\') ++end;
        if (c == '"') quoted = false;
      } else if (c == '"') {
        quoted = true;
      } else if (c == ',') {
        break;
      }
    }
    if (end > list.size()) end = list.size();
    const std::string_view element = trim(list.substr(at, end - at));
    if (!element.empty() && !visit(element)) return false;
    at = end + 1;
  }
  return true;
}

template <typename Visit>
void for_each_element(const FieldList& fields, FieldName id, Visit visit) {
  if (!fields.may_have(bit_of(id))) return;
  for (const Field& field : fields) {
    if (field.id == id && !for_each_element(field.value, visit)) return;
  }
}

} // namespace selvedge::http
