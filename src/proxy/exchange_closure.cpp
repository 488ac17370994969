// All that a version needs: "/NAME@SELECTOR/?closure" in one answer that fits together; and for
// what pages begin with, as hints.
#include "closure_links.hpp"
#include "exchange.hpp"

#include <memory>
#include <string>

namespace selvedge::proxy {

using http::FieldName;

// For who begins a page. What is missing of it is fetched.
void Exchange::find_links() {
  if (!route_->early_hints || stream_.request().method != http::Method::get) return;
  base::Arena& arena = stream_.arena();
  const std::string_view path = decoded(bundle_->path, arena);
  if (path.empty() || !snapshot_->is_beginning(bundle_->name, path)) return;
  BundleCatalog& catalog = *route_->bundles;
  const std::string_view print = number_text(static_cast<std::int64_t>(snapshot_->print()), arena);
  const std::string_view key = joined(
      {stream_.request().authority, " ", bundle_->name, "@", version_, "/", path, " ", print},
      arena);
  links_ = catalog.made(key);
  if (links_) return;
  ClosureLinks found = closure_links(catalog, asker(), bundle_->base, *snapshot_,
                                     {std::string(bundle_->name), std::string(version_)}, path);
  links_ = std::make_shared<const std::string>(std::move(found.field));
  if (!found.is_complete) return;
  catalog.remember(key, links_);
  const http::RequestHead& request = stream_.request();
  proxy_.add_warmth(std::make_unique<Warmth>(AssetWarmer::Place{proxy_, routing_, route_,
                                                                std::string(request.scheme),
                                                                std::string(request.authority)},
                                             std::move(found.assets)));
}

// RFC 8297: while the origin is asked.
void Exchange::send_closure_hints() {
  if (!links_ || links_->empty()) return;
  const http::Field link{FieldName::link, text_of(FieldName::link), *links_};
  stream_.inform(103, std::span(&link, 1));
}

void Exchange::find_closure() {
  awaited_ = Awaited::nothing;
  if (!judge(nullptr)) return;
  base::Arena& arena = stream_.arena();
  const std::string_view print = number_text(static_cast<std::int64_t>(snapshot_->print()), arena);
  const std::string_view index = document_target(bundle_->base, bundle_->name, version_, arena);
  // As the documents it is made of, by host and by what the route tells apart.
  const std::string_view key =
      joined({route_->bundles->key_of(asker(), index, arena), "?", print}, arena);
  made_ = route_->bundles->made(key);
  if (made_) return answer_closure();
  if (stops_at_store()) return;
  if (!closure_) {
    const bundle::ReleasedSet* before = snapshot_->find(bundle::BundleIndex::kDefaultChannel);
    closure_ = std::make_unique<bundle::LockBuilder>(
        std::vector<bundle::LockBuilder::Root>{{std::string(bundle_->name), std::string(version_)}},
        before);
  }
  if (!walk(*closure_, *route_->bundles, asker(), bundle_->base, *this)) {
    awaited_ = Awaited::closure;
    return;
  }
  if (!closure_->versions().front().manifest) {
    const auto found =
        route_->bundles->document(asker(), bundle_->base, {bundle_->name, version_}, nullptr);
    if (found.outcome == BundleCatalog::Outcome::failed) return answer_error(found.error);
    return answer_status(404);
  }
  if (!closure_->is_certain()) { // half of it is worse than none
    return answer_error({base::ErrorCode::server_error, base::ErrorSource::upstream});
  }
  made_ = std::make_shared<const std::string>(closure_json(*closure_, bundle_->base));
  route_->bundles->remember(key, made_);
  answer_closure();
}

void Exchange::answer_closure() {
  outcome_ = http::CacheOutcome::synthetic;
  own_content_ = *made_;
  add_field(FieldName::via, proxy_.via_);
  add_field(FieldName::content_type, "application/json");
  downstream::Response response;
  response.status = 200;
  response.content_length = own_content_.size();
  response.content = this;
  send(response);
}

} // namespace selvedge::proxy
