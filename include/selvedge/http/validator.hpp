// Validators and the conditional requests made of them (RFC 9110, 8.8 and 13).
#pragma once

#include <selvedge/http/head.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace selvedge::http {

struct EntityTag {
  std::string_view opaque; // with its quotes
  bool is_weak = false;
};
// Nothing when the text is not an entity tag.
std::optional<EntityTag> parse_entity_tag(std::string_view text);
bool matches_weakly(const EntityTag& a, const EntityTag& b); // RFC 9110, 8.8.3.2
bool matches_strongly(const EntityTag& a, const EntityTag& b);

// What tells one version of a response from another.
struct Validators {
  std::string_view etag; // field values, empty when absent
  std::string_view last_modified;
  std::string_view date; // in place of a missing Last-Modified (RFC 9111, 4.3.2)
};

// True when the conditional fields of a GET or HEAD say the client holds this very response, so
// that 304 is the answer: If-None-Match first; If-Modified-Since only without it (RFC
// 9110, 13.2.2). `received`: when the response came, for one without Last-Modified and Date.
bool is_not_modified(const RequestHead& request, const Validators& validators,
                     std::chrono::sys_seconds received, std::chrono::sys_seconds now);

} // namespace selvedge::http
