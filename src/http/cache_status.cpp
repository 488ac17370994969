#include <selvedge/http/cache_status.hpp>

namespace selvedge::http {

std::string_view text_of(CacheOutcome outcome) {
  switch (outcome) {
  case CacheOutcome::none:
    return "none";
  case CacheOutcome::hit:
    return "hit";
  case CacheOutcome::stale:
    return "stale";
  case CacheOutcome::revalidated:
    return "revalidated";
  case CacheOutcome::miss:
    return "miss";
  case CacheOutcome::collapsed:
    return "collapsed";
  case CacheOutcome::pass:
    return "pass";
  case CacheOutcome::shed:
    return "shed";
  case CacheOutcome::error:
    return "error";
  case CacheOutcome::synthetic:
    return "synthetic";
  }
  return "none";
}

} // namespace selvedge::http
