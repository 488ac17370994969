#include "conditions.hpp"

#include <algorithm>
#include <array>

namespace selvedge::policy {

namespace {

constexpr unsigned kAnyMethod = (2u << static_cast<unsigned>(http::Method::other)) - 1;
constexpr unsigned kAnyClass = 0xF;

unsigned bit_of(http::Method method) {
  return 1u << static_cast<unsigned>(method);
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string folded(std::string_view text, int (*fold)(int)) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(fold(static_cast<unsigned char>(c)));
  return result;
}

int upper(int c) {
  return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

int lower(int c) {
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

std::uint64_t tiers_of(const RuleWhen& when, const PolicyOptions& options) {
  std::uint64_t tiers = 0;
  for (std::size_t i = 0; i < options.tiers.size(); ++i) {
    if (when.tiers.empty() || has(when.tiers, options.tiers[i].name))
      tiers |= std::uint64_t{1} << i;
  }
  return tiers;
}

std::vector<bool> regions_of(const RuleWhen& when, const PolicyOptions& options) {
  if (when.regions.empty()) return {};
  std::vector<bool> regions{false}; // the number of no region
  for (const RegionOptions& region : options.regions) {
    regions.push_back(has(when.regions, region.name));
  }
  return regions;
}

unsigned classes_of(const RuleWhen& when) {
  if (when.classes.empty()) return kAnyClass;
  unsigned classes = 0;
  for (const ContentClass content : when.classes) classes |= 1u << static_cast<unsigned>(content);
  return classes;
}

} // namespace

std::string_view text_of(Condition condition) {
  constexpr std::array<std::string_view, 8> kTexts = {"tier",   "class", "region", "load",
                                                      "method", "path",  "time",   "header"};
  return kTexts[static_cast<std::size_t>(condition)];
}

HeaderCondition::HeaderCondition(const HeaderMatch& match)
    : id_(http::field_name_of(match.name)), name_(folded(match.name, lower)) {
  if (!match.value.empty()) value_.emplace(match.value);
}

bool HeaderCondition::names(const http::Field& field) const {
  if (field.id != id_) return false;
  return id_ != http::FieldName::unknown || http::equals_ignoring_case(field.name, name_);
}

bool HeaderCondition::holds(const http::RequestHead& request) const {
  // A head keeps what Host said apart from the fields.
  if (id_ == http::FieldName::host) {
    return value_ ? value_->matches(GlobSubject(request.authority)) : !request.authority.empty();
  }
  if (!request.fields.may_have(http::bit_of(id_))) return false;
  for (const http::Field& field : request.fields) {
    if (!names(field)) continue;
    if (!value_ || value_->matches(GlobSubject(field.value))) return true;
  }
  return false;
}

bool HeaderCondition::covers(const HeaderCondition& other) const {
  if (name_ != other.name_) return false;
  return !value_ || (other.value_ && value_->covers(*other.value_));
}

Conditions::Conditions(const RuleWhen& when, const PolicyOptions& options)
    : tiers_(tiers_of(when, options)), classes_(classes_of(when)),
      methods_(when.methods.empty() ? kAnyMethod : 0), load_(when.load),
      regions_(regions_of(when, options)), paths_(globs_of(when.paths)) {
  for (const std::string& text : when.methods) {
    const std::string name = folded(text, upper);
    const http::Method method = http::method_of(name);
    if (method != http::Method::other)
      methods_ |= bit_of(method);
    else
      other_methods_.push_back(name);
  }
  if (!when.times.empty()) times_.emplace();
  for (const TimeWindow& window : when.times) times_->add(window);
  for (const HeaderMatch& match : when.headers) headers_.emplace_back(match);
}

bool Conditions::has_method(const http::RequestHead& request) const {
  if ((methods_ & bit_of(request.method)) != 0) return true;
  if (request.method != http::Method::other) return false;
  return has(other_methods_, request.method_text);
}

bool Conditions::has_headers(const http::RequestHead& request) const {
  for (const HeaderCondition& header : headers_) {
    if (!header.holds(request)) return false;
  }
  return true;
}

bool Conditions::has_rest() const {
  return methods_ != kAnyMethod || !regions_.empty() || !paths_.empty() || times_ ||
         !headers_.empty();
}

bool Conditions::rest_holds(const Question& question) const {
  const RequestFacts& facts = question.facts;
  return has_method(*facts.request) && has_region(facts.region) && has_path(question.path) &&
         has_time(facts.time) && has_headers(*facts.request);
}

std::optional<Condition> Conditions::unmet(const Question& question) const {
  const RequestFacts& facts = question.facts;
  if (!has_tier(facts.identity.tier)) return Condition::tier;
  if (!has_class(facts.content)) return Condition::content;
  if (!has_region(facts.region)) return Condition::region;
  if (facts.load < load_) return Condition::load;
  if (!has_method(*facts.request)) return Condition::method;
  if (!has_path(question.path)) return Condition::path;
  if (!has_time(facts.time)) return Condition::time;
  if (!has_headers(*facts.request)) return Condition::header;
  return std::nullopt;
}

bool Conditions::covers_regions(const Conditions& other) const {
  if (regions_.empty()) return true;
  if (other.regions_.empty()) return false;
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    if (other.regions_[i] && !regions_[i]) return false;
  }
  return true;
}

bool Conditions::covers_methods(const Conditions& other) const {
  if ((other.methods_ & ~methods_) != 0) return false;
  if ((methods_ & bit_of(http::Method::other)) != 0) return true;
  return std::all_of(other.other_methods_.begin(), other.other_methods_.end(),
                     [this](const std::string& name) { return has(other_methods_, name); });
}

bool Conditions::covers_headers(const Conditions& other) const {
  return std::all_of(headers_.begin(), headers_.end(), [&other](const HeaderCondition& header) {
    return std::any_of(other.headers_.begin(), other.headers_.end(),
                       [&header](const HeaderCondition& theirs) { return header.covers(theirs); });
  });
}

bool Conditions::covers(const Conditions& other) const {
  if ((other.tiers_ & ~tiers_) != 0 || (other.classes_ & ~classes_) != 0) return false;
  if (load_ > other.load_ || !covers_regions(other) || !covers_methods(other)) return false;
  if (!paths_.empty() && (other.paths_.empty() || !covers_all(paths_, other.paths_))) return false;
  if (times_ && (!other.times_ || !times_->covers(*other.times_))) return false;
  return covers_headers(other);
}

} // namespace selvedge::policy
