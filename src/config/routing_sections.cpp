// The sections that say how requests come in and where they go: listeners, origins, sites. What a
// route does with answers is in route_sections.cpp.
#include "sections.hpp"

#include "kinds.hpp"

namespace selvedge::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Section<net::CertificateOptions> certificate_section() {
  using net::CertificateOptions;
  Section<CertificateOptions> keys;
  keys.add("certificate", &CertificateOptions::certificate, file("a file", Empty::refused),
           {"A PEM file: the certificate first, then the intermediate ones.", Reload::live, true});
  keys.add("key", &CertificateOptions::key, file("a file", Empty::refused),
           {"A PEM file: the private key.", Reload::live, true});
  return keys;
}

Section<net::TlsOptions> tls_section() {
  using net::TlsOptions;
  Section<TlsOptions> keys;
  keys.add("certificates", &TlsOptions::certificates,
           section_list<net::CertificateOptions>(
               certificate_section(),
               [](const net::CertificateOptions& c) { return c.certificate; }, Empty::allowed),
           {"The first is the default; others are chosen by the names in them (RFC 6066, 3). "
            "Without any, the listener is cleartext."});
  keys.add("allow_tls_1_2", &TlsOptions::allow_tls_1_2, boolean(),
           {"Whether TLS 1.2 is spoken too, not only 1.3."});
  keys.add("h2", &TlsOptions::h2, boolean(),
           {"Whether HTTP/2 is offered (RFC 9113, 3.2), not only HTTP/1.1."});
  return keys;
}

bool is_http(const upstream::OriginOptions& origin) {
  return origin.kind == upstream::OriginKind::http;
}

} // namespace

Section<net::ListenerOptions> listener_section() {
  using net::ListenerOptions;
  Section<ListenerOptions> keys;
  keys.add("name", &ListenerOptions::name, text(kName, Empty::allowed),
           {"For logs and metrics; when left out, the address.", Reload::restart});
  keys.add("address", &ListenerOptions::address, text(kListenAddress),
           {"host:port, [v6]:port, or :port for every address of the machine. Port 0 is any free "
            "one.",
            Reload::restart, true});
  keys.add("tls", &ListenerOptions::tls, section(tls_section()),
           {"With certificates, the listener speaks TLS."});
  keys.add("backlog", &ListenerOptions::backlog, number<int>(1, 65535),
           {"Connections that the kernel keeps until they are accepted.", Reload::restart});
  return keys;
}

Section<upstream::OriginOptions> origin_section() {
  using upstream::OriginOptions;
  const Section<OriginOptions>::Only http{"kind: http", is_http};
  const Section<OriginOptions>::Only directory{
      "kind: directory", [](const OriginOptions& origin) { return !is_http(origin); }};
  Section<OriginOptions> keys;
  keys.add("name", &OriginOptions::name, text(kName),
           {"What routes, logs and metrics call it.", Reload::live, true});
  keys.add("kind", &OriginOptions::kind,
           word<upstream::OriginKind>({{"http", upstream::OriginKind::http},
                                       {"directory", upstream::OriginKind::directory}}),
           {"Servers that speak HTTP, or a directory of this machine."});
  keys.add("servers", &OriginOptions::servers, texts(kServerAddress),
           {"Asked in turn.", Reload::live, true}, http);
  keys.add("host", &OriginOptions::host, text(kHostAndPort, Empty::allowed),
           {"Host that the servers see; \"\": the client's."}, http);
  keys.add("connect_timeout", &OriginOptions::connect_timeout, timeout(),
           {"For a connection to a server [504]."}, http);
  keys.add("first_byte_timeout", &OriginOptions::first_byte_timeout, timeout(),
           {"From the request sent to the header of its answer [504]."}, http);
  keys.add("idle_timeout", &OriginOptions::idle_timeout, timeout(),
           {"Between two bytes of an answer [504, or the answer is cut off]."}, http);
  keys.add("keepalive", &OriginOptions::keepalive, timeout(),
           {"How long an unused connection is kept. Less than the servers' own, or they close it "
            "under a request."},
           http);
  keys.add("keepalive_connections", &OriginOptions::keepalive_connections,
           number<std::uint32_t>(0, 65535),
           {"Unused connections that each worker keeps to each server."}, http);
  keys.add("connections", &OriginOptions::connections, number<std::uint32_t>(1, 1'000'000),
           {"Connections of each worker [503]."}, http);
  keys.add("head_bytes", &OriginOptions::head_bytes, size(kKiB, 16 * kMiB),
           {"All header fields of an answer together [502]."}, http);
  keys.add("root", &OriginOptions::root, file("a directory", Empty::refused),
           {"Files below it are served; nothing outside is ever opened.", Reload::live, true},
           directory);
  keys.add(
      "max_age", &OriginOptions::max_age,
      std::make_unique<DurationKind<seconds>>(seconds{0}, hours{24 * 365}),
      {"How long a file may be used without asking; one below an exact version never changes."},
      directory);
  return keys;
}

Section<proxy::SiteOptions> site_section() {
  using proxy::SiteOptions;
  Section<SiteOptions> keys;
  keys.add("name", &SiteOptions::name, text(kName),
           {"What logs and metrics call it.", Reload::live, true});
  keys.add("hosts", &SiteOptions::hosts, texts(kHostPattern),
           {"Host names that requests ask for: exact ones, *.example.com for every name below, * "
            "for every other.",
            Reload::live, true});
  keys.add(
      "routes", &SiteOptions::routes,
      section_list<proxy::RouteOptions>(
          route_section(), [](const proxy::RouteOptions& r) { return r.prefix; }, Empty::refused),
      {"By the start of the path. At least one.", Reload::live, true});
  return keys;
}

} // namespace selvedge::config
