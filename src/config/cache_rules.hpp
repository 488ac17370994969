// The forms of the texts that say how a route caches, and who may purge. As text_rules.hpp. Thread:
// any.
#pragma once

#include "text_rules.hpp"

namespace selvedge::config {

extern const TextRule kControlField;   // a targeted field that is known (RFC 9213)
extern const TextRule kStatusLifetime; // "404 10s", "5xx 1s"
extern const TextRule kFieldName;      // RFC 9110, 5.1
extern const TextRule kFieldElement;   // one element of a list field's value (RFC 9110, 5.6.1)
extern const TextRule kCookieName;     // RFC 6265, 4.1.1
extern const TextRule kParameter;      // of a query, by name; a final * stands for any ending
extern const TextRule kCoding;         // a content coding that this node makes
extern const TextRule kCodedType;      // "text/html", "text/*" or "*+xml"
extern const TextRule kNetwork;        // what base::AddressList takes

} // namespace selvedge::config
