#include <selvedge/http/head.hpp>

namespace selvedge::http {

std::string_view text_of(Version version) {
  switch (version) {
  case Version::http_1_0:
    return "1.0";
  case Version::http_1_1:
    return "1.1";
  case Version::http_2:
    return "2";
  }
  return "";
}

} // namespace selvedge::http
