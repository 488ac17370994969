// Errors of the data path: eight bytes that answer what, whose fault, and may it be tried again.
// No text is carried; it is made where the error is logged.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string_view>

namespace selvedge::base {

enum class ErrorCode : std::uint8_t {
  none,
  bad_request,       // malformed message from a client: 400
  head_too_large,    // too many or too long fields: 431
  target_too_long,   // 414
  body_too_large,    // 413
  expectation,       // one that is not known (RFC 9110, 10.1.1): 417
  not_implemented,   // a transfer coding or a method of no known form: 501
  http_version,      // 505
  timeout,           // the peer was too slow: 408 downstream, 504 upstream
  connect_timeout,   // 504
  connect_refused,   // 502
  name_not_resolved, // 502
  tls_failed,        // the handshake with an origin: 502
  certificate,       // of an origin is not acceptable: 502
  closed,            // the peer closed before the message was complete
  protocol,          // malformed message from an origin: 502
  mismatch,          // content of an origin is not what its digest says: 502
  too_large,         // an origin's head is beyond its limit: 502
  cancelled,         // nobody wants the answer any more
  no_origin,         // no server can be asked: 503
  overloaded,        // a limit of ours was reached: 503
  not_found,         // no such file in a directory origin: 404
  server_error,      // an origin answered 5xx, for which there is a stored response: see os_error
  io,                // reading a file or socket failed
  internal,          // 500
};

enum class ErrorSource : std::uint8_t { internal, downstream, upstream };

enum class Retry : std::uint8_t {
  never,
  if_reused, // only when the connection had been used before (the peer may have closed it idle)
  yes,       // nothing of the request reached an application
};

struct Error {
  ErrorCode code = ErrorCode::none;
  ErrorSource source = ErrorSource::internal;
  Retry retry = Retry::never;
  std::uint8_t reserved = 0;
  std::int32_t os_error = 0; // errno where the system said one; the status of a server_error

  friend bool operator==(const Error&, const Error&) = default;
};
static_assert(sizeof(Error) == 8);

// The words of RFC 9209, 2.3 where one fits: "connection_refused", "http_response_timeout"...
std::string_view proxy_status_error(Error error);
// A short stable name for logs and metrics: "connect_refused".
std::string_view name(ErrorCode code);

// For boost::system::result: value() on an error is a broken invariant, never control flow.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

template <typename T> using Result = boost::system::result<T, Error>;

} // namespace selvedge::base
