#include "admin_query.hpp"

#include <selvedge/http/percent_encoding.hpp>

namespace selvedge::server {

std::string_view query_of(const http::RequestHead& request) {
  const std::size_t mark = request.target.find('?');
  return mark == std::string_view::npos ? std::string_view() : request.target.substr(mark + 1);
}

AdminQuery::AdminQuery(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    pairs_.emplace_back(http::percent_decoded(pair.substr(0, equals)),
                        http::percent_decoded(value));
  }
}

std::optional<std::string> AdminQuery::value(std::string_view name) const {
  for (const auto& [its, value] : pairs_) {
    if (its == name) return value;
  }
  return {};
}

std::vector<std::string> AdminQuery::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [its, value] : pairs_) {
    if (its == name) found.push_back(value);
  }
  return found;
}

std::vector<std::string> AdminQuery::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : pairs_) names.push_back(name);
  return names;
}

} // namespace selvedge::server
