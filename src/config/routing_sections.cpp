// The sections that say how requests come in and where they go: listeners and sites. What a route
// does with answers is in route_sections.cpp, where they come from in origin_sections.cpp.
#include "sections.hpp"

#include "kinds.hpp"

namespace selvedge::config {
namespace {

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
  keys.add("client_ca", &TlsOptions::client_ca, file("a file", Empty::allowed),
           {"A PEM file of authorities: clients are asked for a certificate of theirs, by which "
            "policy.identify.certificates knows them. \"\": they are not."});
  keys.add("client_certificate_required", &TlsOptions::client_certificate_required, boolean(),
           {"Whether a client without such a certificate is refused."});
  return keys;
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
  keys.add(
      "shared", &ListenerOptions::shared, boolean(),
      {"Its connections carry requests of many customers, as those of a load balancer do. Then "
       "who asks is known by each request only: under load they are read before it is known "
       "whether they can be served, up to policy.overload.unknown.",
       Reload::restart});
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
