#include <selvedge/config/policy_cases.hpp>

#include "cache_rules.hpp"
#include "document.hpp"
#include "header_kinds.hpp"
#include "kinds.hpp"
#include "policy_case_kinds.hpp"
#include "policy_kinds.hpp"
#include "policy_texts.hpp"

namespace selvedge::config {
namespace {

using policy::Choice;

// A case as it is written. What is expected has the type of what comes, and words afterwards.
struct Rules {
  std::string priority, rate_limit, concurrency, serve_stale, origin, hits_only, transforms;
  std::string redirect, shed;
};
struct Expected {
  std::string tier, region, content, priority, shed, redirect, origin, rate_limit;
  std::uint32_t concurrency = 0;
  std::chrono::seconds serve_stale{0};
  Choice hits_only = Choice::unset;
  Choice transforms = Choice::unset;
  Rules rule;
};
struct WrittenCase {
  std::string name;
  CaseRequest request;
  CaseIdentity as;
  CaseStored stored;
  overload::LoadLevel load = overload::LoadLevel::calm;
  std::chrono::sys_seconds time = kUsualTime;
  Expected expected;
};
struct Cases {
  std::vector<WrittenCase> cases;
};

Section<CaseRequest> request_section() {
  Section<CaseRequest> keys;
  keys.add("method", &CaseRequest::method, text(kMethod), {"Of the request."});
  keys.add("url", &CaseRequest::url, text(kAbsoluteUrl),
           {"Absolute, as a client asks for it.", Reload::live, true});
  keys.add("headers", &CaseRequest::headers, std::make_unique<HeaderMapKind>(kFieldName),
           {"Of the request."});
  keys.add("client", &CaseRequest::client, text(kNetwork), {"The address it comes from."});
  keys.add("listener", &CaseRequest::listener, text(kName), {"The name of where it comes in."});
  keys.add("server_name", &CaseRequest::server_name, text(kServerNameText),
           {"Of the TLS handshake; when left out, the host of an https URL."});
  keys.add("certificate_names", &CaseRequest::certificate_names, texts(kPhrase, Empty::allowed),
           {"Names in the client's certificate."});
  keys.allow_short("url");
  return keys;
}

Section<CaseIdentity> identity_section() {
  Section<CaseIdentity> keys;
  keys.add("tier", &CaseIdentity::tier, text(kName), {"Whatever the request says."});
  keys.add("tenant", &CaseIdentity::tenant, text(kPhrase), {"Whatever the request says."});
  keys.add("region", &CaseIdentity::region, text(kName), {"Wherever the client is."});
  return keys;
}

Section<CaseStored> stored_section() {
  Section<CaseStored> keys;
  keys.add("type", &CaseStored::type, text(kPhrase), {"Content-Type of the stored response."});
  keys.add("size", &CaseStored::size, size(1, 16 * kTiB), {"Of its content."});
  return keys;
}

Section<Rules> rules_section() {
  Section<Rules> keys;
  const auto add = [&keys](const char* key, std::string Rules::*member) {
    keys.add(key, member, text(kPhrase), {"The rule that decides it, or none."});
  };
  add("priority", &Rules::priority);
  add("rate_limit", &Rules::rate_limit);
  add("concurrency", &Rules::concurrency);
  add("serve_stale", &Rules::serve_stale);
  add("origin", &Rules::origin);
  add("hits_only", &Rules::hits_only);
  add("transforms", &Rules::transforms);
  add("redirect", &Rules::redirect);
  add("shed", &Rules::shed);
  return keys;
}

void add_verdicts(Section<Expected>& keys) {
  keys.add("priority", &Expected::priority,
           word<std::string>({{"premium", "premium"},
                              {"standard", "standard"},
                              {"free", "free"},
                              {"background", "background"}}),
           {"By the tier or a rule."});
  keys.add("shed", &Expected::shed,
           word<std::string>({{"none", "none"}, {"429", "429"}, {"503", "503"}}),
           {"The status it is turned away with."});
  keys.add("redirect", &Expected::redirect, text(kRedirectOrNone), {"Where to, or none."});
  keys.add("origin", &Expected::origin, text(kName), {"By a rule; none: the route's."});
  keys.add("serve_stale", &Expected::serve_stale, lifetime(), {"Past its lifetime."});
  keys.add("hits_only", &Expected::hits_only, std::make_unique<ChoiceKind>(),
           {"Whether no origin is asked."});
  keys.add("transforms", &Expected::transforms, std::make_unique<ChoiceKind>(),
           {"Whether any are done."});
  keys.add("rate_limit", &Expected::rate_limit, text(kRateOrNone), {"Of each tenant."});
  keys.add("concurrency", &Expected::concurrency, number<std::uint32_t>(0, 1'000'000),
           {"Of each tenant; 0: no limit."});
}

Section<Expected> expected_section() {
  Section<Expected> keys;
  keys.add("tier", &Expected::tier, text(kName), {"Of who asks."});
  keys.add("region", &Expected::region, text(kName), {"Of the client, or none."});
  keys.add("class", &Expected::content,
           word<std::string>({{"critical", "critical"},
                              {"core", "core"},
                              {"standard", "standard"},
                              {"secondary", "secondary"}}),
           {"Of the content."});
  add_verdicts(keys);
  keys.add("rule", &Expected::rule, section(rules_section()), {"Which rules decide."});
  return keys;
}

Section<WrittenCase> case_section() {
  Section<WrittenCase> keys;
  keys.add("name", &WrittenCase::name, text(kPhrase), {"What it shows.", Reload::live, true});
  keys.add("request", &WrittenCase::request, section(request_section()),
           {"What comes in.", Reload::live, true});
  keys.add("as", &WrittenCase::as, section(identity_section()), {"Who asks, for granted."});
  keys.add("stored", &WrittenCase::stored, section(stored_section()), {"What is in the cache."});
  keys.add("load", &WrittenCase::load, word<overload::LoadLevel>(load_words()), {"Of the worker."});
  keys.add("time", &WrittenCase::time, std::make_unique<TimeKind>(), {"When it is asked."});
  keys.add("expect", &WrittenCase::expected, section(expected_section()),
           {"What is to become of it. What is left out is not looked at.", Reload::live, true});
  return keys;
}

const Section<Cases>& cases_section() {
  static const Section<Cases> kKeys = [] {
    Section<Cases> keys;
    keys.add("cases", &Cases::cases,
             section_list<WrittenCase>(
                 case_section(), [](const WrittenCase& w) { return w.name; }, Empty::refused),
             {"In any order.", Reload::live, true});
    return keys;
  }();
  return kKeys;
}

std::string text_of(Choice choice) {
  return choice == Choice::yes ? "true" : "false";
}

// Those that are written, at `path`, in words that can be compared.
class Expectations {
public:
  Expectations(const Reading& reading, std::string path)
      : reading_(reading), path_(std::move(path)) {}

  void add(const std::string& aspect, std::string value) {
    const std::string path = path_ + "." + aspect;
    if (!reading_.is_set(path)) return;
    found_.push_back({aspect, std::move(value), reading_.where_text(reading_.where(path))});
  }
  std::vector<Expectation> take() { return std::move(found_); }

private:
  const Reading& reading_;
  std::string path_;
  std::vector<Expectation> found_;
};

std::vector<Expectation> expectations_of(const Expected& expected, const Reading& reading,
                                         const std::string& path) {
  Expectations found(reading, path);
  found.add("tier", expected.tier);
  found.add("region", expected.region);
  found.add("class", expected.content);
  found.add("priority", expected.priority);
  found.add("shed", expected.shed);
  found.add("redirect", expected.redirect);
  found.add("origin", expected.origin);
  found.add("serve_stale", duration_text(expected.serve_stale));
  found.add("hits_only", text_of(expected.hits_only));
  found.add("transforms", text_of(expected.transforms));
  const std::optional<double> rate = parse_rate(expected.rate_limit);
  found.add("rate_limit", rate ? rate_text(*rate) : "none");
  found.add("concurrency", std::to_string(expected.concurrency));
  found.add("rule.priority", expected.rule.priority);
  found.add("rule.rate_limit", expected.rule.rate_limit);
  found.add("rule.concurrency", expected.rule.concurrency);
  found.add("rule.serve_stale", expected.rule.serve_stale);
  found.add("rule.origin", expected.rule.origin);
  found.add("rule.hits_only", expected.rule.hits_only);
  found.add("rule.transforms", expected.rule.transforms);
  found.add("rule.redirect", expected.rule.redirect);
  found.add("rule.shed", expected.rule.shed);
  return found.take();
}

// Requires: nothing has failed but what is noted in `reading`.
PolicyCase case_of(WrittenCase written, const std::string& path, Reading& reading) {
  PolicyCase one;
  one.name = std::move(written.name);
  one.place = reading.where_text(reading.where(path));
  one.request = std::move(written.request);
  one.as = std::move(written.as);
  one.stored = std::move(written.stored);
  one.load = written.load;
  one.time = written.time;
  const std::string expect = path + ".expect";
  one.expectations = expectations_of(written.expected, reading, expect);
  if (one.expectations.empty() && !reading.has_failed_within(path)) {
    reading.fail(reading.where(expect), expect, "'expect' says nothing: the case cannot fail");
  }
  return one;
}

} // namespace

std::vector<PolicyCase> load_policy_cases(const std::string& file) {
  return parse_policy_cases(read_source(file), file);
}

std::vector<PolicyCase> parse_policy_cases(std::string_view yaml, const std::string& name) {
  Reading reading;
  reading.begin_file(name);
  Cases written;
  if (const std::optional<YAML::Node> node = document(yaml, reading)) {
    const Where start = reading.place(YAML::Mark{});
    cases_section().read(Input{reading, *node, "", start}, written);
  }
  std::vector<PolicyCase> cases;
  for (WrittenCase& one : written.cases) {
    const std::string path = "cases[" + std::to_string(cases.size()) + "]";
    cases.push_back(case_of(std::move(one), path, reading));
  }
  reading.throw_failures();
  return cases;
}

} // namespace selvedge::config
