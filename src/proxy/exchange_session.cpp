// Sessions: what a client's pin says, which snapshot it is given, and the pin it takes away.
#include "cookie.hpp"
#include "exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace selvedge::proxy {

using http::FieldName;

bool Exchange::has_session() const {
  return route_->bundles->pin_keys() != nullptr;
}

// What the session began with, unless that was taken back; else what is released for it.
void Exchange::choose_snapshot() {
  const bundle::ReleaseLog& log = route_->bundles->releases();
  session_ = pin_ != nullptr ? pin_->session().id : has_session() ? proxy_.random_() : 0;
  if (pin_ != nullptr) {
    const std::uint64_t print = pin_->session().snapshot;
    if (print == log.stable()->print()) {
      snapshot_ = log.stable();
      return;
    }
    const bundle::ReleaseLog::Hold hold = log.hold_of(print);
    is_snapshot_lost_ = hold.kind == hold.unknown;
    if (hold.kind != hold.nothing) snapshot_ = log.find(print);
    if (snapshot_ && (hold.kind == hold.keeps || stays_on_page(hold.at))) return;
  }
  if (!has_session()) { // whose canary would be everybody's
    snapshot_ = log.stable();
    return;
  }
  const std::string_view tier =
      policing_ ? std::string_view(policing_->set->tiers()[asker_.identity.tier].name) : "";
  const bool is_tried = log.candidate() != nullptr;
  snapshot_ = log.choose({session_, tier, is_tried ? region_name() : std::string_view()});
}

std::string_view Exchange::region_name() const {
  return policing_ ? policing_->set->region_name(region()) : std::string_view();
}

// Whether what was taken back is kept: what is asked for begins no page, or is of a page that began
// a moment ago. That moment is then noted in the pin, since nobody else knows of it.
bool Exchange::stays_on_page(std::chrono::sys_seconds taken_back) {
  if (!snapshot_->is_beginning(bundle_->name, decoded(bundle_->path, stream_.arena()))) return true;
  const auto now = std::chrono::floor<std::chrono::seconds>(proxy_.worker_.now().wall);
  const auto last = std::max(taken_back, pin_->session().page);
  if (now - last >= route_->bundles->options().releases.page_time) return false;
  notes_page_ = pin_->session().page != now;
  return true;
}

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
                          !route_->bundles->selector(selector).range;
  if (!is_channel) return bundle_->name;
  return joined({bundle_->name, ":", selector}, stream_.arena());
}

std::string_view Exchange::pinned_version() const {
  if (pin_ == nullptr || !pin_->has_versions()) return {};
  const std::string_view version = pin_->version_of(pin_name());
  if (version.empty()) return version;
  const auto& range = route_->bundles->selector(bundle_->selector).range;
  if (!range) return version;
  return range->admits(*bundle::parse_version(version)) ? version : std::string_view();
}

// The session with what it holds from now on; the oldest version goes when there are too many.
void Exchange::give_pin(std::string_view version) {
  const SessionOptions& options = route_->bundles->options().sessions;
  const auto now = proxy_.worker_.now().wall;
  const auto until = pin_ != nullptr ? pin_->session().until : now + options.lifetime;
  const auto page = std::chrono::floor<std::chrono::seconds>(now);
  const std::uint64_t print = keeps_lost() ? pin_->session().snapshot : snapshot_->print();
  const bundle::SessionPin::Session session{session_, until, print,
                                            notes_page_ ? page : std::chrono::sys_seconds()};
  std::vector<bundle::PinnedVersion> versions;
  const std::string_view name = version.empty() ? std::string_view() : pin_name();
  if (pin_ != nullptr) {
    const bool has_moved = !is_snapshot_lost_ && !is_pinned_to_snapshot();
    for (const bundle::PinnedVersion& one : pin_->versions()) {
      const bool is_over = has_moved && !snapshot_->of_channel(one.name, "").empty();
      if (one.name != name && !is_over) versions.push_back(one);
    }
  }
  if (!version.empty()) versions.push_back({name, version});
  if (versions.size() > bundle::SessionPin::kMostVersions) versions.erase(versions.begin());
  const std::string text =
      bundle::SessionPin::write(versions, *route_->bundles->pin_keys(), session);
  if (text.empty()) return; // it would not fit: the session keeps what it has
  base::Arena& arena = stream_.arena();
  if (stream_.request().fields.find(options.cookie) != nullptr) {
    kept_fields_.push_back({FieldName::unknown, options.cookie, arena.copy(text)});
    return;
  }
  const std::string cookie =
      fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{}", options.cookie, text,
                  bundle_->base.empty() ? "/" : bundle_->base, (until - now).count(),
                  stream_.client().is_secure ? "; Secure" : "");
  kept_fields_.push_back(
      {FieldName::set_cookie, text_of(FieldName::set_cookie), arena.copy(cookie)});
}

void Exchange::count_session(std::string_view version) {
  if (proxy_.options_.sessions == nullptr || !has_session()) return;
  constexpr std::size_t kLongest = 512;
  std::array<char, kLongest> text;
  const std::size_t size = bundle_->name.size() + 1 + version.size();
  if (size > text.size()) return;
  char* at = std::copy(bundle_->name.begin(), bundle_->name.end(), text.data());
  *at++ = '@';
  std::copy(version.begin(), version.end(), at);
  // A random number, and uniform, since nobody but this node makes it.
  proxy_.options_.sessions->note({text.data(), size}, session_, proxy_.worker_.now().wall);
}

} // namespace selvedge::proxy
