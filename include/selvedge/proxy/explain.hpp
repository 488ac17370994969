// Why a request would be a hit or a miss: everything that decides about it, as values. For the
// admin API and `selvedge explain`; it asks the store and changes nothing.
// Thread: any.
#pragma once

#include <selvedge/cache/decide.hpp>
#include <selvedge/cache/fill.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/proxy/routing.hpp>

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

struct Explanation {
  bool is_routed = false;
  std::string route;  // "site/route"
  std::string origin; // its name
  std::string target; // as the origin would be asked
  std::string key;    // with lines for fields and cookies
  std::vector<ExplainedVariant> variants;
  cache::CacheDecision decision; // for a request that comes now
  bool is_being_filled = false;
};

// `request` as a client would send it; its texts live until the call has returned.
Explanation explain(const http::RequestHead& request, const Routing& routing, cache::Store& store,
                    const cache::FillTable& fills, base::Instant now);

} // namespace selvedge::proxy
