#include "token_memory.hpp"

#include <algorithm>

namespace selvedge::policy {

std::optional<KnownToken> TokenMemory::find(const base::Fingerprint& print,
                                            const base::Instant& now) {
  const KnownToken* known = good_.find(print);
  if (known == nullptr) known = bad_.find(print);
  if (known == nullptr || now.steady >= known->recheck) return std::nullopt;
  return *known;
}

void TokenMemory::refuse(const base::Fingerprint& print, std::chrono::sys_seconds valid_from,
                         const base::Instant& now) {
  std::chrono::seconds life = kRefusalLife;
  if (valid_from > now.wall) life = std::min(life, valid_from - now.wall);
  KnownToken nobody;
  nobody.recheck = now.steady + life;
  bad_.put(print, nobody);
}

void TokenMemory::belong_to(std::uint64_t identifier) {
  if (identifier == identifier_) return;
  identifier_ = identifier;
  good_.clear();
  bad_.clear();
}

} // namespace selvedge::policy
