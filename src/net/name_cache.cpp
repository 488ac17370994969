#include "name_cache.hpp"

#include <algorithm>
#include <utility>

namespace selvedge::net {

NameCache::Found NameCache::find(const std::string& name, base::Steady now) {
  const auto found = names_.find(name);
  if (found == names_.end()) return {};
  Name& known = found->second;
  known.used = now;
  const bool is_usable = !known.addresses.empty() && now < known.fresh_until + options_.stale;
  return {.addresses = is_usable ? &known.addresses : nullptr,
          .is_stale = now >= known.fresh_until,
          .is_due = now >= known.ask_from};
}

void NameCache::store(const std::string& name, DnsAnswer answer, base::Steady now) {
  Name& known = name_to_store(name, now);
  switch (answer.outcome) {
  case DnsAnswer::Outcome::found:
    known.addresses = std::move(answer.addresses);
    known.fresh_until = now + std::clamp(answer.ttl, options_.min_ttl, options_.max_ttl);
    known.ask_from = known.fresh_until;
    return;
  case DnsAnswer::Outcome::no_such_name:
    // RFC 8767, 4: that a name is gone is an answer, not an outage.
    known.addresses.clear();
    break;
  case DnsAnswer::Outcome::failed:
    break; // the addresses, if any, are used while they may be stale
  }
  known.ask_from = now + options_.negative;
}

NameCache::Name& NameCache::name_to_store(const std::string& name, base::Steady now) {
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  if (!names_.empty() && names_.size() >= options_.names) {
    names_.erase(std::min_element(names_.begin(), names_.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    }));
  }
  Name& made = names_[name];
  made.used = now;
  return made;
}

} // namespace selvedge::net
