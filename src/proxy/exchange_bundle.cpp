// On a route of bundles: which version is meant, where the origin has it, and how long clients may
// keep it.
#include "exchange.hpp"

#include "header_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <string>
#include <vector>

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
  if (!bundle_->is_exact) {
    if (bundle_->selector.size() > BundleCatalog::kLongestSelector) return answer_status(404);
    drop_conditions();
    if (route_->bundles->pin_keys() != nullptr) read_pin();
    const std::string_view pinned = pinned_version();
    if (pinned.empty()) return find_version();
    count_session(pin_->session().id, pinned);
    return take_version(pinned);
  }
  request.target = origin_target(*bundle_, bundle_->selector, stream_.arena());
  look_up();
}

void Exchange::find_version() {
  waits_for_index_ = false;
  const IndexAsker asker{proxy_,           routing_,        stream_.request(),
                         stream_.client(), stream_.arena(), asker_.importance};
  // An answer that needs the origin, or none of the store, is judged before it costs something.
  const bool is_redirect = route_->bundles->options().selectors == SelectorAnswer::redirect;
  const bool is_known = route_->bundles->is_known(asker, *bundle_);
  if ((is_redirect || !is_known) && !judge(nullptr)) return;
  if (!is_known && stops_at_store()) return;
  const BundleCatalog::Found found = route_->bundles->find(asker, *bundle_, *this);
  switch (found.outcome) {
  case BundleCatalog::Outcome::pending:
    waits_for_index_ = true;
    return;
  case BundleCatalog::Outcome::absent:
    return answer_status(404);
  case BundleCatalog::Outcome::failed:
    return answer_error(found.error);
  case BundleCatalog::Outcome::found: {
    const std::string_view version = stream_.arena().copy(found.version);
    if (route_->bundles->pin_keys() != nullptr) give_pin(version);
    return take_version(version);
  }
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

// --- sessions

namespace {

// RFC 6265, 5.4: "a=b; NAME=value", in one field or several (RFC 9113, 8.2.3).
std::string_view cookie_in(const http::FieldList& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (field.id != FieldName::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
        return pair.substr(name.size() + 1);
      }
    }
  }
  return {};
}

} // namespace

void Exchange::read_pin() {
  const SessionOptions& options = route_->bundles->options().sessions;
  const http::FieldList& fields = stream_.request().fields;
  const http::Field* field = fields.find(options.cookie);
  const std::string_view text = field != nullptr ? field->value : cookie_in(fields, options.cookie);
  const auto pin =
      bundle::SessionPin::read(text, *route_->bundles->pin_keys(), proxy_.worker_.now().wall);
  if (pin) pin_ = stream_.arena().make<bundle::SessionPin>(*pin);
}

// Under which name a session keeps what this selector stands for: of one bundle all ranges and
// `latest` agree, other channels are on their own.
std::string_view Exchange::pin_name() const {
  const std::string_view selector = bundle_->selector;
  const bool is_channel = !selector.empty() && selector != bundle::BundleIndex::kDefaultChannel &&
                          !bundle::VersionRange::parse(selector);
  if (!is_channel) return bundle_->name;
  const std::string text = std::string(bundle_->name) + ':' + std::string(selector);
  return stream_.arena().copy(text);
}

std::string_view Exchange::pinned_version() const {
  if (pin_ == nullptr) return {};
  const std::string_view version = pin_->version_of(pin_name());
  const std::string_view selector = bundle_->selector;
  if (version.empty() || selector.empty()) return version;
  const auto range = bundle::VersionRange::parse(selector);
  if (!range) return version;
  return range->admits(*bundle::parse_version(version)) ? version : std::string_view();
}

// The session's list with this version in it; the oldest goes when there are too many.
void Exchange::give_pin(std::string_view version) {
  const SessionOptions& options = route_->bundles->options().sessions;
  const auto now = proxy_.worker_.now().wall;
  bundle::SessionPin::Session session{proxy_.random_(), now + options.lifetime};
  if (pin_ != nullptr) session = pin_->session();
  std::vector<bundle::PinnedVersion> versions;
  const std::string_view name = pin_name();
  if (pin_ != nullptr) {
    for (const bundle::PinnedVersion& one : pin_->versions()) {
      if (one.name != name) versions.push_back(one);
    }
  }
  versions.push_back({name, version});
  if (versions.size() > bundle::SessionPin::kMostVersions) versions.erase(versions.begin());
  const std::string text =
      bundle::SessionPin::write(versions, *route_->bundles->pin_keys(), session);
  if (text.empty()) return; // it would not fit: the session keeps what it has
  count_session(session.id, version);
  base::Arena& arena = stream_.arena();
  if (stream_.request().fields.find(options.cookie) != nullptr) {
    kept_fields_.push_back({FieldName::unknown, options.cookie, arena.copy(text)});
    return;
  }
  const std::string cookie =
      fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{}", options.cookie, text,
                  bundle_->base.empty() ? "/" : bundle_->base, (session.until - now).count(),
                  stream_.client().is_secure ? "; Secure" : "");
  kept_fields_.push_back(
      {FieldName::set_cookie, text_of(FieldName::set_cookie), arena.copy(cookie)});
}

void Exchange::count_session(std::uint64_t id, std::string_view version) {
  if (proxy_.options_.sessions == nullptr) return;
  constexpr std::size_t kLongest = 512;
  std::array<char, kLongest> text;
  const std::size_t size = bundle_->name.size() + 1 + version.size();
  if (size > text.size()) return;
  char* at = std::copy(bundle_->name.begin(), bundle_->name.end(), text.data());
  *at++ = '@';
  std::copy(version.begin(), version.end(), at);
  // A random number, and uniform, since nobody but this node makes it.
  proxy_.options_.sessions->note({text.data(), size}, id, proxy_.worker_.now().wall);
}

// --- what selectors change

// What the client has may be of another version, whose validators say nothing of this one's.
void Exchange::drop_conditions() {
  http::FieldList& fields = stream_.request().fields;
  for (const FieldName name :
       {FieldName::if_none_match, FieldName::if_modified_since, FieldName::if_match,
        FieldName::if_unmodified_since, FieldName::if_range}) {
    fields.remove(name);
  }
}

// How long clients may keep the answer, whatever the origin says: what an exact version names never
// changes, and what a selector stands for may at any time. Empty: as the origin says.
std::string_view Exchange::bundle_lifetime(const downstream::Response& response) const {
  const http::Status status = response.status;
  const bool is_content = status == 200 || status == 206 || status == 304;
  const bool is_session = !bundle_->is_exact && route_->bundles->pin_keys() != nullptr;
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
  // Its pin is for one client: nobody else may have the answer.
  if (is_session && (!(is_content || is_redirect) || is_for_one)) {
    return control.no_store ? "private, no-store" : "private, no-cache";
  }
  if (!(is_content || is_redirect) || is_for_one) return {};
  if (bundle_->is_exact) {
    // What says so already is sent as it is stored, in one piece.
    constexpr std::string_view kForever = "public, max-age=31536000, immutable";
    return said.size() == 1 && said.begin()->value == kForever ? std::string_view() : kForever;
  }
  const auto lifetime = route_->bundles->options().selector_lifetime.count() + age;
  const std::string text =
      fmt::format("{}, max-age={}", is_session ? "private" : "public", lifetime);
  return stream_.arena().copy(text);
}

downstream::Response Exchange::with_bundle_lifetime(const downstream::Response& response) {
  const std::string_view lifetime = bundle_lifetime(response);
  if (lifetime.empty()) return response;
  base::Arena& arena = stream_.arena();
  downstream::Response result = route_->bundles->without_lifetime().applied(response, 0, arena);
  auto* const fields = static_cast<http::Field*>(
      arena.allocate((result.fields.size() + 1) * sizeof(http::Field), alignof(http::Field)));
  std::uninitialized_copy(result.fields.begin(), result.fields.end(), fields);
  ::new (fields + result.fields.size())
      http::Field{FieldName::cache_control, text_of(FieldName::cache_control), lifetime};
  result.fields = {fields, result.fields.size() + 1};
  return result;
}

} // namespace selvedge::proxy
