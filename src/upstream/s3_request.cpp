#include "s3_request.hpp"

#include "aws_signature.hpp"

#include <selvedge/http/percent_encoding.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace selvedge::upstream {

using http::Field;
using http::FieldName;

namespace {

// Bucket names have lower-case letters, digits, "." and "-"; old ones upper case and "_" too.
bool is_bucket_name(std::string_view text) {
  const bool has_name = !text.empty() && text.front() != '.' && text.front() != '-';
  return has_name && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

// A literal address cannot have the bucket in front of it.
bool is_address(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') return true;
  const std::string_view host = authority.substr(0, authority.find(':'));
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Without the port that is understood, as clients write Host.
std::string_view without_default_port(std::string_view authority, bool has_tls) {
  const std::string_view port = has_tls ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

bool is_well_encoded(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && !http::encoded_byte(path.substr(i))) return false;
  }
  return true;
}

bool has_dot_segment(std::string_view key) {
  for (;;) {
    const std::string_view segment = key.substr(0, key.find('/'));
    if (segment == "." || segment == "..") return true;
    if (segment.size() == key.size()) return false;
    key.remove_prefix(segment.size() + 1);
  }
}

bool has_control(std::string_view key) {
  return std::any_of(key.begin(), key.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

bool has_encoded_slash(std::string_view path) {
  return path.find("%2f") != std::string_view::npos || path.find("%2F") != std::string_view::npos;
}

bool passes_to_store(const Field& field) {
  switch (field.id) {
  case FieldName::accept_encoding: // some stores decompress what the client does not accept
  case FieldName::cache_control:   // for caches between here and the store
  case FieldName::if_match:
  case FieldName::if_modified_since:
  case FieldName::if_none_match:
  case FieldName::if_range:
  case FieldName::if_unmodified_since:
  case FieldName::range:
  case FieldName::user_agent:
  case FieldName::via: // nodes that ask each other in a ring find out by it
    return true;
  default:
    return http::equals_ignoring_case(field.name, "traceparent") ||
           http::equals_ignoring_case(field.name, "tracestate");
  }
}

// Dates do not count beside entity tags (RFC 9110, 13.1.3 and 13.1.4), but some stores look at
// both: an object replaced within the second of its date would pass for the old one.
bool is_overruled(const Field& field, const http::FieldList& fields) {
  switch (field.id) {
  case FieldName::if_modified_since:
    return fields.find(FieldName::if_none_match) != nullptr;
  case FieldName::if_unmodified_since:
    return fields.find(FieldName::if_match) != nullptr;
  default:
    return false;
  }
}

} // namespace

S3Place s3_place(const OriginOptions& options) {
  const S3Options& s3 = options.s3;
  if (!is_bucket_name(s3.bucket)) {
    throw std::runtime_error(
        fmt::format("origin '{}': '{}' is no name of a bucket", options.name, s3.bucket));
  }
  std::string_view host = options.host;
  if (host.empty() && !options.servers.empty()) host = options.servers.front().address;
  host = without_default_port(host, options.tls.enabled);
  if (host.empty()) {
    throw std::runtime_error(fmt::format("origin '{}': no server and no host", options.name));
  }
  if (s3.path_style) return {std::string(host), "/" + s3.bucket};
  if (is_address(host)) {
    throw std::runtime_error(fmt::format("origin '{}': the bucket cannot stand in front of the "
                                         "address {}: set `host`, or `path_style: true`",
                                         options.name, host));
  }
  return {fmt::format("{}.{}", s3.bucket, host), ""};
}

std::optional<std::string> s3_target(std::string_view target, const S3Place& place) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path.empty() || path.front() != '/') return {};
  if (!is_well_encoded(path) || has_encoded_slash(path)) return {};
  std::string key = http::percent_decoded(path.substr(1));
  if (has_dot_segment(key) || has_control(key)) return {};
  // Without a key the bucket itself would be asked for: a listing.
  if (key.empty() || key.back() == '/') key.append("index.html");
  return place.prefix + "/" + uri_encoded_path(key);
}

std::optional<http::RequestHead> s3_request(const http::RequestHead& request, const S3Place& place,
                                            base::Arena& arena) {
  const std::optional<std::string> target = s3_target(request.target, place);
  if (!target) return {};
  http::RequestHead head;
  head.method = request.method;
  head.method_text = http::text_of(request.method);
  head.version = request.version;
  head.scheme = request.scheme;
  head.authority = arena.copy(place.authority);
  head.target = arena.copy(*target);
  for (const Field& field : request.fields) {
    if (!passes_to_store(field) || is_overruled(field, request.fields)) continue;
    head.fields.add(Field{field.id, arena.copy(field.name), arena.copy(field.value)});
  }
  return head;
}

bool is_store_field(const Field& field) {
  constexpr std::string_view kPrefix = "x-amz-";
  return field.name.size() >= kPrefix.size() &&
         http::equals_ignoring_case(field.name.substr(0, kPrefix.size()), kPrefix);
}

bool is_store_message(http::Status status) {
  return status >= 300 && status != 304;
}

std::string_view plain_text_of(http::Status status) {
  switch (status) {
  case 403:
    return "The store does not give this away.\n";
  case 404:
    return "No such object.\n";
  case 405:
    return "This origin serves objects: GET and HEAD only.\n";
  case 412:
    return "The object is another one.\n";
  case 416:
    return "The object has no such range.\n";
  default:
    return "The store did not give the object.\n";
  }
}

} // namespace selvedge::upstream
