#include <selvedge/overload/retry_budget.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <cmath>

namespace selvedge::overload {

RetryBudget::RetryBudget(const RetryBudgetOptions& options)
    : income_(static_cast<std::uint64_t>(std::llround(options.share * kRetry))),
      capacity_(income_ == 0 ? 0 : options.burst * kRetry), saved_(capacity_) {
  SELVEDGE_ASSERT(options.share >= 0 && options.share <= 1);
}

void RetryBudget::note_request() {
  saved_ = std::min(saved_ + income_, capacity_);
}

bool RetryBudget::try_spend() {
  if (saved_ < kRetry) return false;
  saved_ -= kRetry;
  return true;
}

} // namespace selvedge::overload
