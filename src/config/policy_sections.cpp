// The sections that say what tiers there are, what they are worth, and what a worker does about
// overload. Who asks is in policy_identity_sections.cpp, what follows in policy_rule_sections.cpp.
#include "policy_sections.hpp"

#include "cache_rules.hpp"
#include "kinds.hpp"
#include "policy_kinds.hpp"
#include "policy_texts.hpp"

namespace selvedge::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kBillion = 1'000'000'000;

Section<policy::RegionValue> region_value_section() {
  using policy::RegionValue;
  Section<RegionValue> keys;
  keys.add("region", &RegionValue::region, text(kName), {"One of `regions`.", Reload::live, true});
  keys.add("value", &RegionValue::value, decimal(0, kBillion),
           {"Of 1000 requests from there.", Reload::live, true});
  return keys;
}

Section<policy::TierOptions> tier_section() {
  using policy::TierOptions;
  Section<TierOptions> keys;
  keys.add("name", &TierOptions::name, text(kName),
           {"What rules, logs and metrics call it.", Reload::live, true});
  keys.add("priority", &TierOptions::priority, word<overload::Importance>(importance_words()),
           {"Who comes first when not all can be served; rules may say otherwise."});
  keys.add("reserved_cpu", &TierOptions::reserved_cpu, share(),
           {"Of a worker, so much is this tier's while it wants it; what it leaves is lent. All "
            "tiers together: at most 100%."});
  keys.add("reserved_origin", &TierOptions::reserved_origin, share(),
           {"Of what an origin may have under way, so much is this tier's; 0%: as its priority has "
            "it."});
  keys.add("reserved_cache", &TierOptions::reserved_cache, share(),
           {"Of the cache, so much others cannot take from it."});
  keys.add("value", &TierOptions::value, decimal(0, kBillion),
           {"What 1000 of its requests are worth, in `economics.currency`."});
  keys.add("values", &TierOptions::values,
           section_list<policy::RegionValue>(
               region_value_section(), [](const policy::RegionValue& v) { return v.region; },
               Empty::allowed),
           {"Regions whose requests are worth something else."});
  keys.add("objective_p99", &TierOptions::objective_p99, timeout_or_zero(),
           {"Its service objective: 99 of 100 answers begin within this time. For reports; 0: "
            "none."});
  keys.add("objective_availability", &TierOptions::objective_availability, share(),
           {"Its service objective: so many requests have a good answer, as 99.95%. For reports; "
            "0%: none."});
  return keys;
}

Section<policy::RegionOptions> region_section() {
  using policy::RegionOptions;
  Section<RegionOptions> keys;
  keys.add("name", &RegionOptions::name, text(kName),
           {"What rules and `values` call it.", Reload::live, true});
  keys.add("networks", &RegionOptions::networks, texts(kNetwork, Empty::allowed),
           {"Addresses and networks of clients that are there; the longest prefix counts."});
  return keys;
}

Section<policy::TierCostOptions> storage_section() {
  using policy::TierCostOptions;
  Section<TierCostOptions> keys;
  keys.add("name", &TierCostOptions::name, text(kName),
           {"Where responses are kept: memory, disk or shared.", Reload::live, true});
  keys.add("gib_read", &TierCostOptions::gib_read, decimal(0, kBillion),
           {"What it costs to read one GiB."});
  keys.add("gib_month", &TierCostOptions::gib_month, decimal(0, kBillion),
           {"What it costs to keep one GiB for a month."});
  return keys;
}

Section<policy::EconomicsOptions> economics_section() {
  using policy::EconomicsOptions;
  Section<EconomicsOptions> keys;
  keys.add("currency", &EconomicsOptions::currency, text(kCurrency),
           {"What all values and costs are in; it is shown and never converted."});
  keys.add("origin_gib", &EconomicsOptions::origin_gib, decimal(0, kBillion),
           {"What one GiB from an origin costs, where its servers have no cost of their own."});
  keys.add("storage", &EconomicsOptions::storage,
           section_list<policy::TierCostOptions>(
               storage_section(), [](const policy::TierCostOptions& c) { return c.name; },
               Empty::allowed),
           {"What keeping responses costs, by where they are kept."});
  return keys;
}

void add_shares(Section<policy::OverloadOptions>& keys) {
  using policy::OverloadOptions;
  keys.add("cpu_budget", &OverloadOptions::cpu_budget, share(),
           {"Of a worker's time, so much is for clients; above it, the least important wait."});
  keys.add("floor", &OverloadOptions::floor, share(),
           {"Of a worker's time, so much is for the least important class however busy it is."});
  keys.add("handshakes", &OverloadOptions::handshakes, share(),
           {"Of a worker's time, so much at most goes into TLS handshakes of clients that are not "
            "known; beyond, they wait to be accepted."});
  keys.add("rejections", &OverloadOptions::rejections, share(),
           {"Of a worker's time, so much at most goes into answers that only say no; beyond, "
            "requests are not read."});
  keys.add("unknown", &OverloadOptions::unknown, share(),
           {"Of a worker's time, so much at most goes into reading requests of connections that "
            "turn out to be turned away."});
}

} // namespace

Section<policy::OverloadOptions> overload_section() {
  using policy::OverloadOptions;
  Section<OverloadOptions> keys;
  keys.add("enabled", &OverloadOptions::enabled, boolean(),
           {"Whether the least important wait, and are turned away at last, when more is asked "
            "than can be done."});
  add_shares(keys);
  keys.add("target_delay", &OverloadOptions::target_delay,
           duration(milliseconds{1}, milliseconds{10'000}),
           {"How long a request may lie ready before it is read; with more, less is let in."});
  keys.add("defer", &OverloadOptions::defer, timeout(),
           {"How long a request that is not let in may wait before it is refused."});
  keys.add("cohort_period", &OverloadOptions::cohort_period,
           std::make_unique<DurationKind<seconds>>(seconds{1}, hours{24 * 7}),
           {"For how long the same tenants are the first to be refused; then others are."});
  keys.add("stale_window", &OverloadOptions::stale_window, lifetime(),
           {"How long past its lifetime a stored response may be served to free and background "
            "requests when the load is high, instead of asking the origin."});
  keys.add("memory", &OverloadOptions::memory, size_or_zero(64 * kMiB, 16 * kTiB),
           {"With more memory in use, the load is critical; 0: memory does not count."});
  return keys;
}

Section<policy::PolicyOptions> policy_section() {
  using policy::PolicyOptions;
  Section<PolicyOptions> keys;
  keys.add("version", &PolicyOptions::version, text(kPhrase, Empty::allowed),
           {"For people: status, logs and metrics show it."});
  keys.add("tiers", &PolicyOptions::tiers,
           section_list<policy::TierOptions>(
               tier_section(), [](const policy::TierOptions& t) { return t.name; }, Empty::allowed),
           {"Kinds of clients. Without any there is one, default, of standard priority."});
  keys.add("identify", &PolicyOptions::identify, section(identify_section()),
           {"How the tier of a request is found, and the tenant within it."});
  keys.add(
      "regions", &PolicyOptions::regions,
      section_list<policy::RegionOptions>(
          region_section(), [](const policy::RegionOptions& r) { return r.name; }, Empty::allowed),
      {"Where clients are, for rules and values."});
  keys.add("region_header", &PolicyOptions::region_header, text(kFieldName, Empty::allowed),
           {"A field in which `forwarding.trusted_proxies` name the client's region; it comes "
            "before the networks. \"\": none."});
  keys.add("classes", &PolicyOptions::classes,
           section_list<policy::ContentClassOptions>(content_class_section(), &name_of_class,
                                                     Empty::allowed),
           {"What kinds of content there are: the first that matches counts, else it is "
            "standard."});
  keys.add("rules", &PolicyOptions::rules,
           section_list<policy::RuleOptions>(
               rule_section(), [](const policy::RuleOptions& r) { return r.name; }, Empty::allowed),
           {"What is done for whom, in order: of all rules that match, the first that says "
            "something of an aspect decides it."});
  keys.add("economics", &PolicyOptions::economics, section(economics_section()),
           {"What delivery costs, for reports."});
  keys.add("overload", &PolicyOptions::overload, section(overload_section()),
           {"What a worker does when more is asked than it can do."});
  return keys;
}

} // namespace selvedge::config
