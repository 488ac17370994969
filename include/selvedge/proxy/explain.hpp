// Why a request would be a hit or a miss: everything that decides about it, as values. For the
// admin API and `selvedge explain`; it asks the store and changes nothing.
// Thread: any.
#pragma once

#include <selvedge/cache/decide.hpp>
#include <selvedge/cache/fill.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/proxy/policing.hpp>
#include <selvedge/proxy/routing.hpp>

#include <optional>
#include <string>
#include <vector>

namespace selvedge::proxy {

// One stored response under the key of the request.
struct ExplainedVariant {
  cache::StoredResponsePtr response;
  cache::Standing standing = cache::Standing::valid;
  bool is_selected = false; // by what Vary and No-Vary-Search say of this request
  bool is_used = false;     // the decision is about it
  base::Seconds age{0};     // current_age (RFC 9111, 4.2.3)
  base::Seconds ttl{0};     // freshness_lifetime - current_age; negative: stale
};

// Who is taken to ask, and when. What is empty is found out as for any request.
struct PolicyQuestion {
  PolicingPtr policing; // null: everybody is alike
  std::string tier;     // Requires: one of the policy's
  std::string tenant;
  std::string region; // likewise
  std::string listener;
  std::string client = "127.0.0.1"; // address
  overload::LoadLevel load = overload::LoadLevel::calm;
};

// What the policy makes of the request, and why. The limits of a tenant are not looked at: asking
// would use them up.
struct PolicyExplanation {
  PolicingPtr policing; // the texts of what follows are in it
  policy::Identity identity;
  bool is_tier_given = false; // by the question: nothing of the request told it
  policy::ContentClass content = policy::ContentClass::standard;
  std::uint16_t region = 0; // of PolicySet::region_name()
  overload::LoadLevel load = overload::LoadLevel::calm;
  policy::Verdict verdict;
  std::vector<policy::RuleFinding> rules;
  double value = 0; // of the request, in the accounts' currency
  // What is given up at this load without any rule.
  bool serves_stale = false;
  bool hits_only = false;
  bool revalidates = true;

  // How long past its lifetime a stored response may answer.
  base::Seconds stale_for() const;
  // Whether what would need an origin is turned away.
  bool stops_at_store() const;
};

struct Explanation {
  bool is_routed = false;
  std::string route;  // "site/route"
  std::string denied; // why the route's access rules refuse it; empty: they do not
  std::string origin; // its name; the policy may have chosen it
  std::string target; // as the origin would be asked
  std::string key;    // with lines for fields and cookies
  std::vector<ExplainedVariant> variants;
  cache::CacheDecision decision; // for a request that comes now
  bool is_being_filled = false;
  std::optional<PolicyExplanation> policy; // where there is one
};

// `request` as a client would send it; its texts live until the call has returned.
Explanation explain(const http::RequestHead& request, const Routing& routing, cache::Store& store,
                    const cache::FillTable& fills, base::Instant now,
                    const PolicyQuestion& asker = {});

} // namespace selvedge::proxy
