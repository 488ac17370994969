// Queries as lists of parameters (URL Standard, application/x-www-form-urlencoded).
#pragma once

#include <string>
#include <string_view>

namespace selvedge::cache {

// What follows the first "?"; "" without one.
inline std::string_view query_of(std::string_view target) {
  const std::size_t question = target.find('?');
  return question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
}

// Calls visit(parameter), "name" or "name=value", for each that is not empty.
template <typename Visit> void for_each_parameter(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (!parameter.empty()) visit(parameter);
  }
}

inline std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// "+" as a space, percent-encoding undone.
std::string form_decoded(std::string_view text);

} // namespace selvedge::cache
