#include "admin_query.hpp"

namespace selvedge::server {

namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return {};
}

// RFC 3986, 2.1. A '+' is a plus: this is no HTML form. What is no escape stays as it is.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool may_be_escape = text[i] == '%' && i + 2 < text.size();
    const auto high = may_be_escape ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = may_be_escape ? hex_digit(text[i + 2]) : std::nullopt;
    if (high && low) {
      result.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

} // namespace

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
    pairs_.emplace_back(decoded(pair.substr(0, equals)), decoded(value));
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
