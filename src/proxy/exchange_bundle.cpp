// On a route of bundles: which version is meant, where the origin has it, and how long clients may
// keep it.
#include "exchange.hpp"

#include "header_rules.hpp"

#include <algorithm>

namespace selvedge::proxy {

using http::FieldName;
using http::Method;

void Exchange::find_bundle() {
  http::RequestHead& request = stream_.request();
  if (request.method != Method::get && request.method != Method::head) return answer_status(405);
  const auto found = bundle_request(request.target, route_->prefix, stream_.arena());
  if (!found) return answer_status(404);
  asked_target_ = request.target;
  bundle_ = stream_.arena().make<BundleRequest>(*found);
  if (!bundle_->is_exact) return find_version();
  request.target = origin_target(*bundle_, bundle_->selector, stream_.arena());
  look_up();
}

void Exchange::find_version() {
  waits_for_index_ = false;
  const IndexAsker asker{proxy_, routing_, stream_.request(), stream_.client(), asker_.importance};
  const BundleCatalog::Found found = route_->bundles->find(asker, *bundle_, *this);
  switch (found.outcome) {
  case BundleCatalog::Outcome::pending:
    waits_for_index_ = true;
    return;
  case BundleCatalog::Outcome::absent:
    return answer_status(404);
  case BundleCatalog::Outcome::failed:
    return answer_error(found.error);
  case BundleCatalog::Outcome::found:
    return take_version(found.version);
  }
}

void Exchange::take_version(std::string_view version) {
  base::Arena& arena = stream_.arena();
  const std::string_view exact = exact_url(*bundle_, version, arena);
  if (route_->bundles->options().selectors == SelectorAnswer::redirect) {
    return answer_status(307,
                         http::Field{FieldName::location, text_of(FieldName::location), exact});
  }
  stream_.request().target = origin_target(*bundle_, version, arena);
  // RFC 9110, 8.7: the answer is also that to the exact URL.
  kept_fields_.push_back(
      {FieldName::content_location, text_of(FieldName::content_location), exact});
  look_up();
}

// Whatever the origin says: what an exact version names never changes, and what a selector stands
// for may at any time. Only what is not for everybody stays so.
downstream::Response Exchange::with_bundle_lifetime(const downstream::Response& response) {
  const http::Status status = response.status;
  const bool is_redirect = status == 307 && !bundle_->is_exact;
  if (status != 200 && status != 206 && status != 304 && !is_redirect) return response;
  std::string_view said;
  const auto look = [&said](std::span<const http::Field> fields) {
    for (const http::Field& field : fields) {
      if (field.id == FieldName::cache_control) said = field.value;
    }
  };
  if (response.block != nullptr) look(response.block->fields());
  look(response.fields);
  const auto says = [said](std::string_view what) { return said.find(what) != said.npos; };
  if (says("private") || says("no-store") || (bundle_->is_exact && says("immutable"))) {
    return response;
  }
  const BundleCatalog& catalog = *route_->bundles;
  const HeaderRules& rules = bundle_->is_exact ? catalog.exact_rules() : catalog.selector_rules();
  return rules.applied(response, 0, stream_.arena());
}

} // namespace selvedge::proxy
