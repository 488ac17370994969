// How many requests may be asked again: retries are a small share of the requests, so that those
// who retry do not finish off a server that is failing. Also for hedges, with a smaller share.
// Thread: one; each worker has its own.
#pragma once

#include <cstdint>

namespace selvedge::overload {

struct RetryBudgetOptions {
  double share = 0.1;       // retries per request, on average; 0: none at all
  std::uint32_t burst = 10; // retries saved up at most, and at the start; 0: none at all

  friend bool operator==(const RetryBudgetOptions&, const RetryBudgetOptions&) = default;
};

// A purse that each request pays a little into and each retry takes from. It needs no clock: of n
// requests, however they are spread over time, at most burst + share * n are retried. A quiet
// origin has its burst, and earns it again by requests alone - were it given back with time, a slow
// trickle of requests could be doubled for ever.
class RetryBudget {
public:
  // Requires: 0 <= share <= 1.
  explicit RetryBudget(const RetryBudgetOptions& options);

  // For each request, not for its retries.
  void note_request();
  // True: this retry may be sent.
  bool try_spend();

private:
  static constexpr std::uint64_t kRetry = 1'000'000; // what one costs: parts of a millionth

  std::uint64_t income_;   // of a request
  std::uint64_t capacity_; // saved up at most
  std::uint64_t saved_;
};

} // namespace selvedge::overload
