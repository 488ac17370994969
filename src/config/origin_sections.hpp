// The parts of origin_section(), and what POST /v1/origins shares with it. Thread: any.
#pragma once

#include "scalar_kinds.hpp"
#include "section.hpp"

#include <selvedge/upstream/options.hpp>

#include <memory>

namespace selvedge::config {

// A plain text stands for the address of a server.
Section<upstream::ServerOptions> server_section();
std::unique_ptr<NumberKind<std::uint32_t>> server_weight();

Section<upstream::HealthCheckOptions> health_section();
Section<upstream::EjectionOptions> ejection_section();
Section<upstream::OriginLimits> origin_limits_section();
Section<upstream::BreakerOptions> breaker_section();
Section<upstream::RetryOptions> retry_section();
Section<upstream::HedgeOptions> hedge_section();

} // namespace selvedge::config
