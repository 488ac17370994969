#include "cookie.hpp"

#include <algorithm>
#include <string>

namespace selvedge::proxy {

using http::FieldName;

namespace {

// Calls visit(pair) for each "NAME=value" of a field, without spaces around it; false ends it.
template <typename Visit> void for_each_pair(std::string_view value, Visit visit) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view pair = http::trim(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    if (!visit(pair)) return;
  }
}

bool is_of(std::string_view pair, std::string_view name) {
  return pair.starts_with(name) && pair.substr(name.size()).starts_with('=');
}

} // namespace

std::string_view cookie_in(const http::FieldList& fields, std::string_view name) {
  std::string_view found;
  bool is_found = false;
  for (const http::Field& field : fields) {
    if (field.id != FieldName::cookie || is_found) continue;
    for_each_pair(field.value, [&](std::string_view pair) {
      is_found = is_of(pair, name);
      if (is_found) found = pair.substr(name.size() + 1);
      return !is_found;
    });
  }
  return found;
}

void remove_cookie(http::FieldList& fields, std::string_view name, base::Arena& arena) {
  std::string left;
  bool is_there = false;
  for (const http::Field& field : fields) {
    if (field.id != FieldName::cookie) continue;
    for_each_pair(field.value, [&](std::string_view pair) {
      if (is_of(pair, name)) {
        is_there = true;
      } else if (!pair.empty()) {
        left.append(left.empty() ? "" : "; ").append(pair);
      }
      return true;
    });
  }
  if (!is_there) return;
  fields.remove(FieldName::cookie);
  if (!left.empty()) fields.add(FieldName::cookie, arena.copy(left));
}

} // namespace selvedge::proxy
