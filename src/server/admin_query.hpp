// The query of a request to the admin API: "name=value" pairs, percent-encoded. Thread: any.
#pragma once

#include <selvedge/http/head.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::server {

// What follows the '?' of the target; "" without one.
std::string_view query_of(const http::RequestHead& request);

class AdminQuery {
public:
  explicit AdminQuery(std::string_view query);

  // The first of that name.
  std::optional<std::string> value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;
  // Names in the order they came, repeated ones too.
  std::vector<std::string> names() const;

private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

} // namespace selvedge::server
