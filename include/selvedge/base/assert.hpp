// SELVEDGE_ASSERT states an invariant. It is on in every build; a broken invariant aborts with its
// place. Input of a peer never reaches an assert.
#pragma once

namespace selvedge::base {
[[noreturn]] void assertion_failed(const char* claim, const char* file, int line);
} // namespace selvedge::base

#define SELVEDGE_ASSERT(claim)                                                                     \
  (static_cast<bool>(claim) ? static_cast<void>(0)                                                 \
                            : ::selvedge::base::assertion_failed(#claim, __FILE__, __LINE__))
