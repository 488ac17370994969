// The sections that say what kinds of content there are, and what is done for whom.
#include "policy_sections.hpp"

#include "cache_rules.hpp"
#include "header_kinds.hpp"
#include "kinds.hpp"
#include "policy_kinds.hpp"
#include "policy_texts.hpp"

namespace selvedge::config {
namespace {

using policy::Choice;
using policy::RuleThen;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint32_t kMillion = 1'000'000;

Section<policy::HeaderMatch> header_match_section() {
  using policy::HeaderMatch;
  Section<HeaderMatch> keys;
  keys.add("name", &HeaderMatch::name, text(kFieldName), {"Of the field.", Reload::live, true});
  keys.add("value", &HeaderMatch::value, text(kHeaderValue, Empty::allowed),
           {"What it must be, where * stands for any text; \"\": it is there."});
  return keys;
}

Section<policy::TimeWindow> time_window_section() {
  using policy::TimeWindow;
  Section<TimeWindow> keys;
  keys.add("days", &TimeWindow::days, text(kDays, Empty::allowed),
           {"On which days the window begins, as mon-fri or sat,sun; \"\": on each."});
  keys.add("from", &TimeWindow::from, text(kTimeOfDay, Empty::allowed),
           {"When it begins, in UTC; \"\": when the day does."});
  keys.add("to", &TimeWindow::to, text(kTimeOfDay, Empty::allowed),
           {"When it has ended; a time before `from` is of the next day. \"\": when the day "
            "ends."});
  return keys;
}

Section<policy::RuleWhen> when_section() {
  using policy::ContentClass;
  using policy::RuleWhen;
  Section<RuleWhen> keys;
  keys.add("tiers", &RuleWhen::tiers, texts(kName, Empty::allowed), {"One of these tiers."});
  keys.add("classes", &RuleWhen::classes,
           std::make_unique<WordListKind<ContentClass>>(class_words()),
           {"Content of one of these classes."});
  keys.add("regions", &RuleWhen::regions, texts(kName, Empty::allowed),
           {"A client in one of these regions."});
  keys.add("methods", &RuleWhen::methods, texts(kMethod, Empty::allowed),
           {"One of these methods."});
  keys.add("paths", &RuleWhen::paths, texts(kPathPattern, Empty::allowed),
           {"A path like one of these."});
  keys.add("load", &RuleWhen::load, word<overload::LoadLevel>(load_words()),
           {"The worker's load is this or more."});
  keys.add("times", &RuleWhen::times,
           section_list<policy::TimeWindow>(
               time_window_section(),
               [](const policy::TimeWindow& t) { return t.days + " " + t.from + "-" + t.to; },
               Empty::allowed),
           {"It is one of these times."});
  keys.add("headers", &RuleWhen::headers,
           section_list<policy::HeaderMatch>(
               header_match_section(), [](const policy::HeaderMatch& h) { return h.name; },
               Empty::allowed),
           {"All of these fields are in the request."});
  return keys;
}

Section<policy::RateLimitOptions> rate_limit_section() {
  using policy::RateLimitOptions;
  Section<RateLimitOptions> keys;
  keys.add("rate", &RateLimitOptions::rate, std::make_unique<RateKind>(),
           {"Requests of each tenant.", Reload::live, true});
  keys.add("burst", &RateLimitOptions::burst, number<std::uint32_t>(0, kMillion),
           {"Requests at once; 0: what comes in a second, one at least."});
  keys.allow_short("rate");
  return keys;
}

Section<policy::RedirectOptions> redirect_section() {
  using policy::RedirectOptions;
  Section<RedirectOptions> keys;
  keys.add("to", &RedirectOptions::to, text(kRedirectTarget),
           {"Where to; {path} is the request's path, {query} its query with the question mark.",
            Reload::live, true});
  keys.add("status", &RedirectOptions::status,
           std::make_unique<StatusKind>(std::vector<std::uint16_t>{301, 302, 303, 307, 308}),
           {"Of the answer (RFC 9110, 15.4)."});
  keys.allow_short("to");
  return keys;
}

Section<policy::ShedOptions> shed_section() {
  using policy::ShedOptions;
  Section<ShedOptions> keys;
  keys.add("status", &ShedOptions::status,
           std::make_unique<StatusKind>(std::vector<std::uint16_t>{429, 503}),
           {"Of the answer: the client asks too much (RFC 6585, 4), or the node has too much to do "
            "(RFC 9110, 15.6.4).",
            Reload::live, true});
  keys.add("retry_after", &ShedOptions::retry_after,
           std::make_unique<DurationKind<seconds>>(seconds{0}, hours{24}),
           {"When the client may come back; up to half of it more, by chance, so that not all come "
            "back at once."});
  keys.allow_short("status");
  return keys;
}

// Aspects of which a rule says nothing are not written.
void add_limits(Section<RuleThen>& keys) {
  keys.add("priority", &RuleThen::priority,
           word<std::string>({{"premium", "premium"},
                              {"standard", "standard"},
                              {"free", "free"},
                              {"background", "background"}}),
           {"Instead of the tier's."}, {"", [](const RuleThen& t) { return !t.priority.empty(); }});
  keys.add("rate_limit", &RuleThen::rate_limit, section(rate_limit_section()),
           {"Beyond, a tenant's requests are answered 429. A rate alone stands for it: 10/s."},
           {"", [](const RuleThen& t) { return t.rate_limit.rate > 0; }});
  keys.add("concurrency", &RuleThen::concurrency, number<std::uint32_t>(0, kMillion),
           {"Requests of each tenant under way; further ones are answered 429. 0: no limit."});
}

void add_ways(Section<RuleThen>& keys) {
  keys.add("serve_stale", &RuleThen::serve_stale, lifetime(),
           {"For so long past its lifetime a stored response is served, and the origin is asked in "
            "the background."});
  keys.add("origin", &RuleThen::origin, text(kName, Empty::allowed),
           {"The origin that is asked instead of the route's; \"\": the route's."});
  keys.add("hits_only", &RuleThen::hits_only, std::make_unique<ChoiceKind>(),
           {"Whether what would need an origin is answered 503."},
           {"", [](const RuleThen& t) { return t.hits_only != Choice::unset; }});
  keys.add("transforms", &RuleThen::transforms, std::make_unique<ChoiceKind>(),
           {"Whether answers are compressed or changed for the client here."},
           {"", [](const RuleThen& t) { return t.transforms != Choice::unset; }});
  keys.add("redirect", &RuleThen::redirect, section(redirect_section()),
           {"The client is sent elsewhere. A URL alone stands for it."},
           {"", [](const RuleThen& t) { return !t.redirect.to.empty(); }});
  keys.add("shed", &RuleThen::shed, section(shed_section()),
           {"The request is turned away. A status alone stands for it."},
           {"", [](const RuleThen& t) { return t.shed.status != 0; }});
}

Section<RuleThen> then_section() {
  Section<RuleThen> keys;
  add_limits(keys);
  add_ways(keys);
  return keys;
}

} // namespace

std::string name_of_class(const policy::ContentClassOptions& content) {
  if (!content.name.empty()) return content.name;
  for (const auto* list : {&content.paths, &content.bundles, &content.types}) {
    if (!list->empty()) return list->front();
  }
  return std::to_string(content.min_size) + "-" + std::to_string(content.max_size);
}

Section<policy::ContentClassOptions> content_class_section() {
  using policy::ContentClassOptions;
  Section<ContentClassOptions> keys;
  keys.add("name", &ContentClassOptions::name, text(kPhrase, Empty::allowed),
           {"What explain calls it; \"\": its number."});
  keys.add("is", &ContentClassOptions::is, word<policy::ContentClass>(class_words()),
           {"What it is for rules, if all of the following holds.", Reload::live, true});
  keys.add("paths", &ContentClassOptions::paths, texts(kPathPattern, Empty::allowed),
           {"The path is like one of these."});
  keys.add("bundles", &ContentClassOptions::bundles, texts(kBundlePattern, Empty::allowed),
           {"It is of one of these bundles, as in /NAME@SELECTOR/PATH."});
  keys.add("types", &ContentClassOptions::types, texts(kTypePattern, Empty::allowed),
           {"Its type is one of these: of the stored response, else by the path's ending."});
  keys.add("min_size", &ContentClassOptions::min_size, size(0, 16 * kTiB),
           {"The stored response is of this size or more."});
  keys.add("max_size", &ContentClassOptions::max_size, size(0, 16 * kTiB),
           {"The stored response is of this size or less; 0: of any."});
  return keys;
}

Section<policy::RuleOptions> rule_section() {
  using policy::RuleOptions;
  Section<RuleOptions> keys;
  keys.add("name", &RuleOptions::name, text(kPhrase),
           {"What explain, logs and metrics call it.", Reload::live, true});
  keys.add("when", &RuleOptions::when, section(when_section()),
           {"All that is said must hold, and of a list one; without anything, always."});
  keys.add("then", &RuleOptions::then, section(then_section()),
           {"What is done. Other rules decide what this one says nothing of.", Reload::live, true});
  return keys;
}

} // namespace selvedge::config
