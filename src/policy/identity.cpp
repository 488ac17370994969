#include <selvedge/policy/identity.hpp>

namespace selvedge::policy {

std::string_view text_of(IdentitySource source) {
  switch (source) {
  case IdentitySource::none:
    return "none";
  case IdentitySource::listener:
    return "listener";
  case IdentitySource::server_name:
    return "server-name";
  case IdentitySource::network:
    return "network";
  case IdentitySource::certificate:
    return "certificate";
  case IdentitySource::ticket:
    return "ticket";
  case IdentitySource::header:
    return "header";
  case IdentitySource::api_key:
    return "api-key";
  case IdentitySource::jwt:
    return "jwt";
  }
  return "none";
}

} // namespace selvedge::policy
