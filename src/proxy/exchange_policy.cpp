// What the policy says to a request: in, for how much, or turned away, and how.
#include "exchange.hpp"

#include "degradation.hpp"

#include <selvedge/http/rate_limit_fields.hpp>

#include <algorithm>
#include <chrono>

namespace selvedge::proxy {

using http::CacheOutcome;
using http::FieldName;
using overload::Importance;
using overload::LoadLevel;
using policy::Aspect;

namespace {

std::uint16_t rule_of(const policy::Verdict& verdict, Aspect aspect) {
  return verdict.decided_by[static_cast<std::size_t>(aspect)];
}

} // namespace

policy::RequestFacts Exchange::facts(const cache::StoredResponse* stored) const {
  const http::RequestHead& request = stream_.request();
  const policy::PolicySet& set = *policing_->set;
  policy::ContentFacts content;
  if (stored != nullptr && set.classes_need_content() && !stored->is_pass_marker()) {
    content.type = stored->head().value(FieldName::content_type);
    content.size = stored->body().length();
  }
  policy::RequestFacts facts;
  facts.request = &request;
  facts.identity = asker_.identity;
  facts.content = set.class_of(request.path(), content);
  facts.region = region_;
  facts.load = proxy_.worker_.load().level();
  facts.time = proxy_.worker_.now().wall;
  return facts;
}

std::uint16_t Exchange::region() const {
  if (!policing_->has_regions) return 0;
  const std::string_view peer = stream_.client().peer_address;
  const std::string& name = policing_->set->options().region_header;
  std::string_view header;
  if (!name.empty() && routing_->forwarding().trusts(peer)) {
    const http::Field* field = stream_.request().fields.find(name);
    if (field != nullptr) header = field->value;
  }
  return policing_->set->region_of(peer, header);
}

// False: it was answered.
bool Exchange::judge(const cache::StoredResponse* stored) {
  if (is_judged_) return true;
  is_judged_ = true;
  if (!policing_) {
    ++proxy_.worker_.turn_work().served[overload::index_of(Importance::premium)];
    return true;
  }
  region_ = region();
  verdict_ = policing_->set->verdict(facts(stored));
  overload::LoadController& load = proxy_.worker_.load();
  const policy::OverloadOptions& options = policing_->set->options().overload;
  const Importance importance = verdict_.importance;
  const std::uint32_t cohort =
      overload::cohort_of(asker_.identity.tenant, proxy_.worker_.now().wall, options.cohort_period);
  const std::uint32_t level = overload::level_of(importance, cohort);
  load.note_request(level);
  if (verdict_.shed != nullptr) {
    turn_away(ShedReason::rule, verdict_.shed->status, verdict_.shed->retry_after);
    return false;
  }
  if (verdict_.redirect != nullptr) {
    redirect(*verdict_.redirect);
    return false;
  }
  if (!keeps_limits()) return false;
  if (options.enabled && importance != Importance::premium && !is_in_time(level)) return false;
  const Degradation ladder =
      degradation(options.enabled ? load.level() : LoadLevel::calm, importance);
  stale_for_ = std::max(verdict_.serve_stale,
                        ladder.serves_stale ? options.stale_window : std::chrono::seconds{0});
  verdict_.hits_only |=
      ladder.hits_only && rule_of(verdict_, Aspect::hits_only) == policy::Verdict::kNoRule;
  revalidates_ = ladder.revalidates;
  ++proxy_.worker_.turn_work().served[overload::index_of(importance)];
  return true;
}

// What was read before it was known to matter less is refused when there is no room for it; what
// waited for its turn is served, unless nobody waits for it any more.
bool Exchange::is_in_time(std::uint32_t level) {
  overload::LoadController& load = proxy_.worker_.load();
  if (stream_.was_read_early()) {
    if (load.admits(level)) return true;
    load.note_refused(overload::LoadController::Refused::unknown);
    turn_away(ShedReason::overload, 503, std::chrono::seconds{1});
    return false;
  }
  const policy::OverloadOptions& options = policing_->set->options().overload;
  if (stream_.waited() <= options.defer || !load.may_refuse_known()) return true;
  load.note_refused(overload::LoadController::Refused::known);
  turn_away(ShedReason::late, 503, std::chrono::seconds{1});
  return false;
}

bool Exchange::keeps_limits() {
  overload::TenantLimits* const limits = proxy_.options_.tenant_limits;
  if (limits == nullptr) return true;
  const std::uint64_t tenant = asker_.identity.tenant;
  const base::Steady now = proxy_.worker_.now().steady;
  if (verdict_.concurrency != nullptr) {
    const std::uint16_t rule = rule_of(verdict_, Aspect::concurrency);
    auto found = limits->acquire({policing_->rule_ids[rule], tenant},
                                 verdict_.concurrency->concurrency, now);
    if (!found.is_allowed) {
      turn_away(ShedReason::concurrency, 429, std::chrono::seconds{1});
      return false;
    }
    place_ = std::move(found.place);
  }
  if (verdict_.rate_limit == nullptr) return true;
  const std::uint16_t rule = rule_of(verdict_, Aspect::rate_limit);
  const overload::TenantRate& rate = *policing_->rates[rule];
  const auto found = limits->take({policing_->rule_ids[rule], tenant}, rate, now);
  add_rate_limit_fields(policing_->set->rule_name(rule), rate, found);
  if (found.is_allowed) return true;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(found.until_next);
  turn_away(ShedReason::rate_limit, 429, std::max(wait, std::chrono::seconds{1}));
  return false;
}

void Exchange::add_rate_limit_fields(std::string_view rule, const overload::TenantRate& rate,
                                     const overload::RateVerdict& found) {
  const auto quota = rate.quota();
  const http::QuotaPolicy policy{rule, quota.requests, quota.window};
  const http::ServiceLimit limit{rule, found.remaining, found.effective_window};
  base::Arena& arena = stream_.arena();
  kept_fields_.push_back({FieldName::unknown, http::kRateLimitPolicyField,
                          arena.copy(http::rate_limit_policy_text({&policy, 1}).view())});
  kept_fields_.push_back({FieldName::unknown, http::kRateLimitField,
                          arena.copy(http::rate_limit_text({&limit, 1}).view())});
}

// Those who are turned away together must not come back together.
void Exchange::turn_away(ShedReason reason, http::Status status, std::chrono::seconds retry_after) {
  outcome_ = CacheOutcome::shed;
  shed_reason_ = reason;
  stream_.note_refusal();
  ++proxy_.worker_.turn_work().refused;
  const auto spread = static_cast<std::uint64_t>(retry_after.count() / 2 + 1);
  const auto after =
      retry_after.count() + static_cast<std::int64_t>(proxy_.random_() % (spread + 1));
  answer_status(status, http::Field{FieldName::retry_after, text_of(FieldName::retry_after),
                                    number_text(after, stream_.arena())});
}

// {path} and {query} are the request's; what else is in it stands as it is.
void Exchange::redirect(const policy::RedirectOptions& to) {
  const std::string_view target = bundle_ != nullptr ? asked_target_ : stream_.request().target;
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(path.size());
  std::string location;
  for (std::size_t at = 0; at < to.to.size();) {
    const std::string_view rest = std::string_view(to.to).substr(at);
    if (rest.starts_with("{path}")) {
      location.append(path);
      at += 6;
    } else if (rest.starts_with("{query}")) {
      location.append(query);
      at += 7;
    } else {
      location.push_back(rest.front());
      ++at;
    }
  }
  answer_status(to.status, http::Field{FieldName::location, text_of(FieldName::location),
                                       stream_.arena().copy(location)});
}

// A miss that no origin may be asked for now. True: it was answered.
bool Exchange::stops_at_store() {
  if (!policing_ || !verdict_.hits_only) return false;
  if (stale_ && about_stale_.may_serve_on_error) {
    serve_instead("hits-only");
  } else {
    turn_away(ShedReason::hits_only, 503, std::chrono::seconds{2});
  }
  return true;
}

Importance Exchange::importance() const {
  return policing_ ? verdict_.importance : Importance::premium;
}

upstream::Origin* Exchange::other_origin() const {
  if (!policing_ || verdict_.origin.empty()) return nullptr;
  const auto& origins = routing_->origins().by_name;
  const auto found = origins.find(verdict_.origin);
  return found == origins.end() ? nullptr : found->second.get();
}

// What the request was worth, and what it cost.
void Exchange::keep_account(std::chrono::microseconds duration) {
  if (!policing_ || !proxy_.accounts_) return;
  const policy::Identity& identity = asker_.identity;
  if (identity.tier >= proxy_.accounts_->by_tier.size()) return;
  const bool is_shed = outcome_ == CacheOutcome::shed;
  TierCounters& tier = proxy_.accounts_->by_tier[identity.tier];
  if (is_shed) {
    tier.shed[static_cast<std::size_t>(shed_reason_)].add();
    proxy_.counters_.shed[overload::index_of(importance())][static_cast<std::size_t>(shed_reason_)]
        .add();
  } else if (status_ >= 500) {
    tier.failed.add();
  } else {
    tier.served.add();
    tier.durations[RouteCounters::bucket_of(duration)].add();
    tier.duration_us.add(static_cast<std::uint64_t>(duration.count()));
    tier.content_bytes.add(content_bytes_);
  }
  if (status_ == 0 || status_ == 499) return;
  constexpr double kGiB = 1u << 30;
  const policy::EconomicsOptions& economics = policing_->set->options().economics;
  policy::Deed deed;
  deed.tier = identity.tier;
  // Names are not forgotten: who asks for what is not there must not fill the table.
  if (status_ < 400) deed.bundle = policy::PolicySet::bundle_of(stream_.request().path());
  deed.outcome = is_shed || status_ >= 500 ? policy::Outcome::shed : policy::Outcome::served;
  deed.value = policing_->set->value_of(identity.tier, region_);
  deed.sent_bytes = content_bytes_;
  deed.saved_bytes = saved_bytes_;
  const bool is_stored = outcome_ == CacheOutcome::hit || outcome_ == CacheOutcome::stale ||
                         outcome_ == CacheOutcome::revalidated;
  if (is_stored) deed.stored_bytes = content_bytes_;
  if (outcome_ == CacheOutcome::miss || outcome_ == CacheOutcome::pass) {
    deed.origin_bytes = content_bytes_;
  }
  deed.origin_cost = static_cast<double>(deed.origin_bytes) / kGiB * economics.origin_gib;
  deed.storage_cost = static_cast<double>(deed.stored_bytes) / kGiB * policing_->memory_gib_read;
  proxy_.accounts_->ledger.note(deed);
}

} // namespace selvedge::proxy
