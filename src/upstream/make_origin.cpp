#include <selvedge/upstream/origin.hpp>

#include "directory_origin.hpp"
#include "http_origin.hpp"

namespace selvedge::upstream {

std::shared_ptr<Origin> make_origin(const OriginOptions& options, net::Worker& worker) {
  switch (options.kind) {
  case OriginKind::http:
    return std::make_shared<HttpOrigin>(options, worker);
  case OriginKind::directory:
    return std::make_shared<DirectoryOrigin>(options, worker);
  }
  return nullptr;
}

} // namespace selvedge::upstream
