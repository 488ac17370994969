// On a route of bundles: which version is meant, where the origin has it, and how long clients may
// keep it.
#include "exchange.hpp"

#include "header_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
      fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", options.cookie, text,
                  (session.until - now).count(), stream_.client().is_secure ? "; Secure" : "");
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

// --- lifetimes

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
