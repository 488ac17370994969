// The records of every key of the configuration, in the order in which they are written.
// Thread: any.
#pragma once

#include "section.hpp"

#include <selvedge/config/config.hpp>

namespace selvedge::config {

Section<net::ListenerOptions> listener_section();
Section<CacheOptions> cache_section();
Section<downstream::Limits> limits_section();
Section<upstream::OriginOptions> origin_section();
Section<proxy::SiteOptions> site_section();
Section<proxy::RouteOptions> route_section();
Section<proxy::PurgeOptions> purge_section();
Section<proxy::ForwardingOptions> forwarding_section();

// Everything.
const Section<Config>& config_section();

} // namespace selvedge::config
