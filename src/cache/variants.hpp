// What the stored responses of one key are to each other: other variants, parts, or made of one
// another. Pure.
#pragma once

#include <selvedge/cache/stored_response.hpp>

namespace selvedge::cache {

// Whether `fresh` takes the place of `old`. A pass marker says that answers of its key are not
// stored, and any response that is stored after all says otherwise. What was made of other content
// than is there now is of no use.
bool replaces(const StoredResponse& fresh, const StoredResponse& old);

// It is the one that goes, or was made of that.
bool goes_with(const StoredResponse& one, const StoredResponse& gone);

// Whether `made` was made of `there`, as that is now.
bool is_source(const StoredResponse& there, const StoredResponse& made);

} // namespace selvedge::cache
