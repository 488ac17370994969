// On a route of bundles: which version is meant, where the origin has it, and how long clients may
// keep it.
#include "exchange.hpp"

#include "header_rules.hpp"
#include "release_job.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <string>

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
  if (bundle_->is_exact && is_for_closure()) {
    drop_conditions();
    version_ = bundle_->selector;
    snapshot_ = route_->bundles->releases().stable();
    return find_closure();
  }
  if (bundle_->is_exact) {
    version_ = bundle_->selector;
    snapshot_ = route_->bundles->releases().stable();
    find_links();
    request.target = origin_target(*bundle_, version_, stream_.arena());
    return look_up();
  }
  if (bundle_->selector.size() > BundleCatalog::kLongestSelector) return answer_status(404);
  drop_conditions();
  if (has_session()) read_pin();
  choose_snapshot();
  follow_origin();
  std::string_view pinned = is_snapshot_lost_ ? pinned_version() : std::string_view();
  const std::string_view released = route_->bundles->released(*snapshot_, *bundle_);
  if (pinned.empty() && !released.empty()) return take_released(released);
  if (pinned.empty()) pinned = pinned_version();
  if (pinned.empty()) return find_version();
  count_session(pinned);
  take_version(pinned);
}

// Where releases are forgotten by a restart, versions are kept in the pin beside the snapshot.
void Exchange::take_released(std::string_view released) {
  const std::string_view version = stream_.arena().copy(released);
  const bool lists_all = route_->bundles->options().releases.file.empty();
  if (has_session()) {
    const bool is_listed =
        !lists_all || (pin_ != nullptr && pin_->version_of(pin_name()) == version);
    const bool is_elsewhere = !keeps_lost() && !is_pinned_to_snapshot();
    if (notes_page_ || !is_listed || is_elsewhere) {
      give_pin(lists_all ? version : std::string_view());
    }
  }
  count_session(version);
  take_version(version);
}

void Exchange::follow_origin() {
  auto order = route_->bundles->to_follow(asker(), *bundle_);
  if (!order) return;
  const http::RequestHead& request = stream_.request();
  proxy_.add_release(std::make_unique<ReleaseJob>(
      AssetWarmer::Place{proxy_, routing_, route_, std::string(request.scheme),
                         std::string(request.authority)},
      std::move(*order), std::make_shared<ReleaseProgress>()));
}

void Exchange::find_version() {
  awaited_ = Awaited::nothing;
  const Asker asker = this->asker();
  // An answer that needs the origin, or none of the store, is judged before it costs something.
  const bool is_redirect = route_->bundles->options().selectors == SelectorAnswer::redirect;
  const bool is_known = route_->bundles->is_known(asker, *bundle_);
  if ((is_redirect || !is_known) && !judge(nullptr)) return;
  if (!is_known && stops_at_store()) return;
  const BundleCatalog::Found found = route_->bundles->find(asker, *bundle_, *this);
  switch (found.outcome) {
  case BundleCatalog::Outcome::pending:
    awaited_ = Awaited::version;
    return;
  case BundleCatalog::Outcome::absent:
    return answer_status(404);
  case BundleCatalog::Outcome::failed:
    return answer_error(found.error);
  case BundleCatalog::Outcome::found: {
    const std::string_view version = stream_.arena().copy(found.version);
    if (has_session()) {
      give_pin(version);
      count_session(version);
    }
    return take_version(version);
  }
  }
}

void Exchange::take_version(std::string_view version) {
  base::Arena& arena = stream_.arena();
  version_ = version;
  const std::string_view exact = exact_url(*bundle_, version, arena);
  if (route_->bundles->options().selectors == SelectorAnswer::redirect) {
    if (!judge(nullptr)) return;
    return answer_status(307,
                         http::Field{FieldName::location, text_of(FieldName::location), exact});
  }
  // RFC 9110, 8.7: the answer is also that to the exact URL.
  kept_fields_.push_back(
      {FieldName::content_location, text_of(FieldName::content_location), exact});
  if (is_for_closure()) return find_closure();
  find_links();
  stream_.request().target = origin_target(*bundle_, version, arena);
  look_up();
}

// What the content must be, by the manifest of its version. False: that is not known yet, or it was
// answered that it cannot be had.
bool Exchange::knows_content(Awaited next) {
  awaited_ = Awaited::nothing;
  if (is_content_known_ || !has_manifest()) return true;
  const auto found =
      route_->bundles->document(asker(), bundle_->base, {bundle_->name, version_}, this);
  if (found.outcome == BundleCatalog::Outcome::pending) {
    awaited_ = next; // when it is known
    return false;
  }
  if (take_content(found)) return true;
  if (found.outcome == BundleCatalog::Outcome::failed) {
    answer_failure(found.error);
  } else {
    answer_status(404);
  }
  return false;
}

// The same for who is served already.
bool Exchange::knows_content_at_once() {
  if (!has_manifest()) return true;
  const auto found =
      route_->bundles->document(asker(), bundle_->base, {bundle_->name, version_}, this);
  stop_waiting();
  return take_content(found);
}

std::string Exchange::bundle_version() const {
  return std::string(bundle_->name) + '@' + std::string(version_);
}

bool Exchange::has_manifest() const {
  return route_->bundles->options().integrity != Integrity::off && !bundle_->path.empty();
}

// False: it is not to be had.
bool Exchange::take_content(const BundleCatalog::Document& found) {
  const bool is_known = found.outcome == BundleCatalog::Outcome::found;
  if (!is_known && found.outcome != BundleCatalog::Outcome::absent) return false;
  const bundle::Asset* asset = nullptr;
  if (is_known) {
    const auto& manifest = std::get<std::shared_ptr<const bundle::Manifest>>(*found.document);
    asset = manifest->find(decoded(bundle_->path, stream_.arena()));
  }
  if (asset != nullptr) {
    expected_ = ExpectedContent{asset->digest, asset->size};
    is_secondary_ = asset->importance == bundle::AssetClass::secondary;
  }
  // Who uploads a version may not have come to its manifest yet.
  if (!is_known) most_lifetime_ = BundleCatalog::kAbsent;
  is_content_known_ = asset != nullptr || route_->bundles->options().integrity == Integrity::verify;
  return is_content_known_;
}

// --- what selectors change

// What the client has may be of another version, whose validators say nothing of this one's; but a
// tag that is a digest speaks of the content, whatever it is of.
void Exchange::drop_conditions() {
  http::FieldList& fields = stream_.request().fields;
  // A part of something else would be put behind what is there.
  if (fields.may_have(bit_of(FieldName::if_match) | bit_of(FieldName::if_unmodified_since))) {
    fields.remove(FieldName::range);
  }
  for (const FieldName name :
       {FieldName::if_modified_since, FieldName::if_match, FieldName::if_unmodified_since}) {
    fields.remove(name);
  }
  const http::Field* const part = fields.find(FieldName::if_range);
  if (part != nullptr && !(has_manifest() && part->value.starts_with("\"sha"))) {
    fields.remove(FieldName::if_range);
    fields.remove(FieldName::range);
  }
  const http::Field* const tag = fields.find(FieldName::if_none_match);
  if (tag == nullptr) return;
  const bool is_digest = tag->value.starts_with("\"sha") &&
                         tag->value.find(',') == std::string_view::npos &&
                         fields.count(FieldName::if_none_match) == 1;
  if (!is_digest || !has_manifest()) fields.remove(FieldName::if_none_match);
}

// How long clients may keep the answer, whatever the origin says: what an exact version names never
// changes, and what a selector stands for may at any time. Empty: as the origin says.
std::string_view Exchange::bundle_lifetime(const downstream::Response& response) const {
  const http::Status status = response.status;
  const bool is_content = status == 200 || status == 206 || status == 304;
  const bool is_session = !bundle_->is_exact && has_session();
  const bool is_redirect = status == 307 && !bundle_->is_exact;
  http::FieldList said;
  std::int64_t age = 0;
  const auto look = [&](std::span<const http::Field> fields) {
    for (const http::Field& field : fields) {
      if (field.id == FieldName::cache_control) said.add(field);
      if (field.id == FieldName::age) {
        age = http::parse_delta_seconds(field.value).value_or(base::Seconds{0}).count();
      }
    }
  };
  if (response.block != nullptr) look(response.block->fields());
  look(response.fields);
  const http::CacheControl control = http::parse_cache_control(said);
  const bool is_for_one = control.is_private || control.no_store ||
                          !control.private_fields.empty() ||
                          (fill_ && fill_->state() == cache::Fill::State::alone) ||
                          stream_.request().fields.find(FieldName::authorization) != nullptr;
  // Its pin is for one client, and what it holds may change with any answer: then nothing of before
  // may be left anywhere.
  if (is_session) return control.no_store ? "private, no-store" : "private, no-cache";
  if (!(is_content || is_redirect) || is_for_one) return {};
  if (bundle_->is_exact && !is_for_closure()) {
    const cache::StoredResponse* const answer = stored_ ? stored_.get()
                                                : fill_ ? fill_->response().get()
                                                        : nullptr;
    const bool is_unknown = has_manifest() && answer != nullptr &&
                            answer->freshness().lifetime <= BundleCatalog::kAbsent;
    return is_unknown ? "public, max-age=10" : "public, max-age=31536000, immutable";
  }
  const auto lifetime = route_->bundles->options().selector_lifetime.count() + age;
  base::Arena& arena = stream_.arena();
  return joined({"public, max-age=", number_text(lifetime, arena)}, arena);
}

void Exchange::add_bundle_lifetime(downstream::Response& response) {
  const std::string_view lifetime = bundle_lifetime(response);
  if (lifetime.empty()) return;
  const auto says = [](std::span<const http::Field> fields) {
    return std::ranges::any_of(fields, [](const http::Field& field) {
      return field.id == FieldName::cache_control || field.id == FieldName::expires;
    });
  };
  const bool is_silent =
      !says(response.fields) && (response.block == nullptr || !says(response.block->fields()));
  if (!is_silent) { // of what is not stored: what it says goes
    const downstream::Response other =
        route_->bundles->without_lifetime().applied(response, 0, stream_.arena());
    response.block = other.block;
    extras_.assign(other.fields.begin(), other.fields.end());
  }
  add_field(FieldName::cache_control, lifetime);
  response.fields = {extras_.data(), extras_.size()};
}

} // namespace selvedge::proxy
