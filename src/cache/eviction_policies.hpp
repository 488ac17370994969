// The two makers behind make_eviction_policy().
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

namespace selvedge::cache {

std::unique_ptr<EvictionPolicy> make_lru();
std::unique_ptr<EvictionPolicy> make_s3_fifo();

} // namespace selvedge::cache
