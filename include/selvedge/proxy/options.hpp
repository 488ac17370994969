// Sites and routes: which origin answers a request, and how its answers are cached.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::proxy {

struct RouteOptions {
  std::string name;                         // for logs and metrics; default: the prefix
  std::string prefix = "/";                 // of the path; the longest match wins
  std::string origin;                       // a name from `origins`
  bool cache = true;                        // false: everything passes
  std::chrono::seconds default_lifetime{0}; // for answers without any; 0: they are not stored
  bool clients_may_revalidate = false;      // obey no-cache and max-age=0 of requests
};

struct SiteOptions {
  std::string name;
  std::vector<std::string> hosts; // "www.example.com", "*.example.com", "*" for every other
  std::vector<RouteOptions> routes;
};

} // namespace selvedge::proxy
