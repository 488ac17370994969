// Kinds and forms of texts that only tests of policies have. Thread: as kind.hpp.
#pragma once

#include "kind.hpp"
#include "text_rules.hpp"

#include <chrono>

namespace selvedge::config {

// A Monday, at noon: cases do not depend on when they are run.
inline constexpr std::chrono::sys_seconds kUsualTime =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 5} +
    std::chrono::hours{12};

// "2026-11-29T12:00:00Z" (RFC 3339, 5.6), in UTC and whole seconds.
class TimeKind final : public LineKind<std::chrono::sys_seconds> {
public:
  void read(const Input& input, std::chrono::sys_seconds& to) const override;
  std::string yaml(const std::chrono::sys_seconds& value) const override;
  Shape shape() const override;
};

extern const TextRule kAbsoluteUrl;    // http or https, without a fragment
extern const TextRule kServerNameText; // of a TLS handshake
extern const TextRule kRateOrNone;     // "10/s" or "none"
extern const TextRule kRedirectOrNone; // a Location or "none"

} // namespace selvedge::config
