// What no single key can say: names that must be unique or must exist, values that must fit
// together.
#pragma once

#include "reading.hpp"

#include <selvedge/config/config.hpp>

namespace selvedge::config {

// Defaults that depend on other keys: names of listeners and routes, max_object of a small cache,
// first_byte_timeout of an origin with a short fetch_timeout.
void fill_defaults(Config& config, const Reading& reading);

// The part of check() that concerns `config.policy`; also warns of what is strange in it.
void check_policy(const Config& config, Reading& reading);

// Notes a failure in `reading` for everything in `config` that does not fit together. Values that
// could not be read are left out: their own failure is noted already.
void check(const Config& config, Reading& reading);

} // namespace selvedge::config
