#include "cache_rules.hpp"

#include <selvedge/http/field.hpp>
#include <selvedge/proxy/options.hpp>
#include <selvedge/proxy/purge.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace selvedge::config {
namespace {

bool is_control_field(std::string_view text) {
  constexpr std::array<http::FieldName, 3> kKnown{http::FieldName::selvedge_cache_control,
                                                  http::FieldName::cdn_cache_control,
                                                  http::FieldName::surrogate_control};
  const http::FieldName name = http::field_name_of(text);
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

bool is_status_lifetime(std::string_view text) {
  return proxy::parse_status_lifetime(text).has_value();
}

bool is_field_element(std::string_view text) {
  return !text.empty() && http::trim(text) == text && http::is_field_value(text) &&
         text.find(',') == std::string_view::npos;
}

// What a name in a query is made of when it is written as browsers send it: percent-encoded.
bool is_parameter(std::string_view text) {
  if (text.empty()) return false;
  const std::string_view name = text.back() == '*' ? text.substr(0, text.size() - 1) : text;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c > 0x20 && c < 0x7F && c != '&' && c != '=' && c != '#' && c != '*';
  });
}

bool is_network(std::string_view text) {
  try {
    const base::AddressList list({std::string(text)});
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

bool is_coding(std::string_view name) {
  return name == "br" || name == "gzip" || name == "zstd";
}

bool is_coded_type(std::string_view text) {
  if (text.starts_with('*')) {
    text.remove_prefix(1);
  } else if (text.ends_with('*')) {
    text.remove_suffix(1);
  }
  return !text.empty() && text.find_first_of(" \t*;,") == std::string_view::npos;
}

} // namespace

const TextRule kControlField{
    "one of selvedge-cache-control, cdn-cache-control and surrogate-control", is_control_field,
    "^[A-Za-z]+(-[A-Za-z]+){1,2}$", true};
const TextRule kStatusLifetime{"a status or a class of them and a duration, such as '404 10s' or "
                               "'5xx 1s'",
                               is_status_lifetime, "^([2-5][0-9][0-9]|[2-5]xx) [0-9]+[smhd]$"};
const TextRule kFieldName{"a field name", http::is_token, R"(^[A-Za-z0-9!#$%&'*+.^_`|~-]+$)", true};
const TextRule kFieldElement{"one element of a field's value, such as br", is_field_element,
                             R"(^[^\s,]([^,]*[^\s,])?$)"};
const TextRule kCookieName{"the name of a cookie", http::is_token,
                           R"(^[A-Za-z0-9!#$%&'*+.^_`|~-]+$)"};
const TextRule kParameter{"the name of a parameter, or the start of one and *", is_parameter,
                          R"(^([^\s&=#*]+\*?|\*)$)"};
const TextRule kCoding{"br, gzip or zstd", is_coding, "^(br|gzip|zstd)$", true};
const TextRule kCodedType{"a media type, or the start or the end of one and *", is_coded_type,
                          "^(\\*[^\\s*;,]+|[^\\s*;,]+\\*?)$", true};
const TextRule kNetwork{"an address or a network such as 127.0.0.1, 10.0.0.0/8 or fd00::/8",
                        is_network, "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"};

} // namespace selvedge::config
