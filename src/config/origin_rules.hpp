// The forms of the texts that say where answers come from. As text_rules.hpp. Thread: any.
#pragma once

#include "text_rules.hpp"

namespace selvedge::config {

extern const TextRule kCheckTarget;  // of a health check: path, with a query or without
extern const TextRule kWellStatus;   // "200", "200-399"
extern const TextRule kRetryStatus;  // "503", "502-504"
extern const TextRule kServerName;   // in a certificate (RFC 9525, 6): a host
extern const TextRule kBucket;       // of an object store
extern const TextRule kBucketRegion; // in the scope of a signature

} // namespace selvedge::config
