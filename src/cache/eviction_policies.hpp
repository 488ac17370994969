// The makers behind make_eviction_policy().
#pragma once

#include <selvedge/cache/eviction_policy.hpp>

namespace selvedge::cache {

std::unique_ptr<EvictionPolicy> make_lru(EvictionShared& shared);
std::unique_ptr<EvictionPolicy> make_s3_fifo(std::size_t lane, EvictionShared& shared);
std::unique_ptr<EvictionPolicy> make_gdsf(double size_exponent, EvictionShared& shared);

} // namespace selvedge::cache
