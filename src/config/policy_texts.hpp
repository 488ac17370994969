// The forms of the texts in a policy. As text_rules.hpp. Thread: any.
#pragma once

#include "text_rules.hpp"

namespace selvedge::config {

extern const TextRule kPhrase;         // what people call something: a rule, a tenant, a claim
extern const TextRule kSha256;         // of an API key, in hex
extern const TextRule kSniPattern;     // RFC 6066, 3: pro.example.com or *.pro.example.com
extern const TextRule kPathPattern;    // of a request; * stands for any text
extern const TextRule kBundlePattern;  // of a bundle's name; likewise
extern const TextRule kTypePattern;    // "text/css", "image/*"
extern const TextRule kMethod;         // RFC 9110, 9.1
extern const TextRule kDays;           // "mon-fri", "sat,sun"
extern const TextRule kTimeOfDay;      // "08:00"
extern const TextRule kRedirectTarget; // "https://slow.example.com{path}{query}"
extern const TextRule kCurrency;       // ISO 4217

} // namespace selvedge::config
