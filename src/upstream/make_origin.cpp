#include <selvedge/upstream/origin.hpp>

#include "directory_origin.hpp"
#include "http_origin.hpp"
#include "s3_origin.hpp"

namespace selvedge::upstream {

namespace {

std::shared_ptr<HttpOrigin> make_http(const OriginOptions& options, net::Worker& worker,
                                      OriginStatePtr state) {
  auto origin = std::make_shared<HttpOrigin>(options, worker, std::move(state));
  if (worker.index() != 0) return origin;
  worker.post([begun = std::weak_ptr<HttpOrigin>(origin)] {
    if (const auto here = begun.lock()) here->start();
  });
  return origin;
}

} // namespace

std::shared_ptr<Origin> make_origin(const OriginOptions& options, net::Worker& worker,
                                    OriginStatePtr state) {
  switch (options.kind) {
  case OriginKind::http:
  case OriginKind::shield:
    return make_http(options, worker, std::move(state));
  case OriginKind::directory:
    return std::make_shared<DirectoryOrigin>(options, worker);
  case OriginKind::s3:
    return std::make_shared<S3Origin>(
        make_http(S3Origin::inner_options(options), worker, std::move(state)), options, worker);
  }
  return nullptr;
}

} // namespace selvedge::upstream
