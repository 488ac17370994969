// The forms that texts in the configuration have: names, addresses, hosts, prefixes. A rule says
// what it wants, whether a text has that form, and the same as an expression for editors. Thread:
// any.
#pragma once

#include <string>
#include <string_view>

namespace selvedge::config {

struct TextRule {
  std::string_view what; // for people: "a path that starts with '/'"
  bool (*holds)(std::string_view);
  std::string_view pattern;    // ECMA-262; may accept more than holds()
  bool is_case_folded = false; // kept in lower case
};

extern const TextRule kName;          // of a listener, origin, site or route, in logs and metrics
extern const TextRule kNodeName;      // RFC 9211, 2: a token that starts with a letter
extern const TextRule kListenAddress; // host:port, [v6]:port or :port; port 0 is any free one
extern const TextRule kServerAddress; // host:port or [v6]:port
extern const TextRule kHostPattern;   // www.example.com, *.example.com, *
extern const TextRule kHostAndPort;   // RFC 9110, 7.2: uri-host [":" port]
extern const TextRule kAccountName;   // of a user or group of the system
extern const TextRule kPrefix;        // of a request's path

// An address without its port; "" for ":8080".
std::string_view host_of(std::string_view address);
std::string_view port_of(std::string_view address);
// 127.0.0.0/8, [::1] or localhost: nobody outside this machine can reach it.
bool is_loopback(std::string_view host);

// Text that YAML may hold: UTF-8 without control characters but tab, CR and LF. The offset of the
// first byte that breaks this, or npos.
std::size_t first_unprintable(std::string_view text);

} // namespace selvedge::config
