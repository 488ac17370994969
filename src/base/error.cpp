#include <selvedge/base/assert.hpp>
#include <selvedge/base/error.hpp>

#include <cstdio>
#include <cstdlib>

namespace selvedge::base {

std::string_view name(ErrorCode code) {
  switch (code) {
  case ErrorCode::none:
    return "none";
  case ErrorCode::bad_request:
    return "bad_request";
  case ErrorCode::head_too_large:
    return "head_too_large";
  case ErrorCode::target_too_long:
    return "target_too_long";
  case ErrorCode::body_too_large:
    return "body_too_large";
  case ErrorCode::expectation:
    return "expectation";
  case ErrorCode::not_implemented:
    return "not_implemented";
  case ErrorCode::http_version:
    return "http_version";
  case ErrorCode::timeout:
    return "timeout";
  case ErrorCode::connect_timeout:
    return "connect_timeout";
  case ErrorCode::connect_refused:
    return "connect_refused";
  case ErrorCode::name_not_resolved:
    return "name_not_resolved";
  case ErrorCode::tls_failed:
    return "tls_failed";
  case ErrorCode::certificate:
    return "certificate";
  case ErrorCode::closed:
    return "closed";
  case ErrorCode::protocol:
    return "protocol";
  case ErrorCode::mismatch:
    return "mismatch";
  case ErrorCode::too_large:
    return "too_large";
  case ErrorCode::cancelled:
    return "cancelled";
  case ErrorCode::no_origin:
    return "no_origin";
  case ErrorCode::overloaded:
    return "overloaded";
  case ErrorCode::not_found:
    return "not_found";
  case ErrorCode::server_error:
    return "server_error";
  case ErrorCode::io:
    return "io";
  case ErrorCode::internal:
    return "internal";
  }
  return "internal";
}

std::string_view proxy_status_error(Error error) {
  if (error.source == ErrorSource::downstream) return "http_request_error";
  switch (error.code) {
  case ErrorCode::timeout:
    return "http_response_timeout";
  case ErrorCode::connect_timeout:
    return "connection_timeout";
  case ErrorCode::connect_refused:
    return "connection_refused";
  case ErrorCode::name_not_resolved:
    return "dns_error";
  case ErrorCode::tls_failed:
    return "tls_protocol_error";
  case ErrorCode::certificate:
    return "tls_certificate_error";
  case ErrorCode::closed:
    return "http_response_incomplete";
  case ErrorCode::protocol:
  case ErrorCode::mismatch:
    return "http_protocol_error";
  case ErrorCode::too_large:
    return "http_response_header_section_size";
  case ErrorCode::no_origin:
    return "destination_unavailable";
  case ErrorCode::overloaded:
    return "connection_limit_reached";
  default:
    return "proxy_internal_error";
  }
}

void throw_exception_from_error(const Error& error, const boost::source_location& at) {
  assertion_failed(name(error.code).data(), at.file_name(), static_cast<int>(at.line()));
}

void assertion_failed(const char* claim, const char* file, int line) {
  std::fprintf(stderr, "selvedge: broken invariant at %s:%d: %s\n", file, line, claim);
  std::abort();
}

} // namespace selvedge::base
