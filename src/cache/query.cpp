#include "query.hpp"

#include <selvedge/http/percent_encoding.hpp>

#include <algorithm>

namespace selvedge::cache {

std::string form_decoded(std::string_view text) {
  std::string with_spaces(text);
  std::ranges::replace(with_spaces, '+', ' ');
  return http::percent_decoded(with_spaces);
}

} // namespace selvedge::cache
