#include "cookie.hpp"

#include <algorithm>

namespace selvedge::proxy {

using http::FieldName;

std::string_view cookie_in(const http::FieldList& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (field.id != FieldName::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
        return pair.substr(name.size() + 1);
      }
    }
  }
  return {};
}

} // namespace selvedge::proxy
