// What the PURGE requests of content management systems ask for.
#include <selvedge/proxy/purge.hpp>

#include <algorithm>
#include <array>

namespace selvedge::proxy {

namespace {

constexpr std::string_view kSoftTags = "xkey-softpurge";
constexpr std::array<std::string_view, 8> kTagFields{
    "surrogate-key", "xkey",       "xkey-purge",   kSoftTags,
    "cache-tag",     "cache-tags", "x-cache-tags", "purge-cache-tags"};

bool is_tag_field(const http::Field& field) {
  return std::any_of(kTagFields.begin(), kTagFields.end(), [&](std::string_view name) {
    return http::equals_ignoring_case(field.name, name);
  });
}

void add_tags(std::string_view list, std::vector<std::string>& tags) {
  constexpr std::string_view kSeparators = " \t,";
  for (std::size_t at = list.find_first_not_of(kSeparators); at != std::string_view::npos;
       at = list.find_first_not_of(kSeparators, at)) {
    const std::size_t end = std::min(list.find_first_of(kSeparators, at), list.size());
    tags.emplace_back(list.substr(at, end - at));
    at = end;
  }
}

// A plug-in talks to a port of its choice, most often without TLS: for a host without a port, what
// browsers got by the other scheme is meant too.
void add_urls(const http::RequestHead& request, std::vector<std::string>& urls) {
  const std::string rest = "://" + std::string(request.authority) + std::string(request.target);
  urls.push_back(std::string(request.scheme) + rest);
  const bool has_port = request.authority.find(':') != std::string_view::npos;
  if (!has_port) urls.push_back((request.scheme == "https" ? "http" : "https") + rest);
}

bool has_value(const http::RequestHead& request, std::string_view name, std::string_view value) {
  const http::Field* field = request.fields.find(name);
  return field != nullptr && http::equals_ignoring_case(http::trim(field->value), value);
}

// What stands before the final ".*" of an expression; nothing for any other expression: to match
// those, everything stored would have to be looked at.
std::optional<std::string> start_of_expression(const http::RequestHead& request) {
  std::string_view target = request.target;
  if (target.ends_with(".*")) target.remove_suffix(2);
  if (target.find_first_of("()[]{}|\\^$*+?") != std::string_view::npos) return std::nullopt;
  return std::string(request.authority) + std::string(target);
}

} // namespace

PurgeRequest purge_request_of(const http::RequestHead& request) {
  PurgeRequest purge;
  bool is_soft = has_value(request, "fastly-soft-purge", "1");
  bool are_all_soft = true;
  for (const http::Field& field : request.fields) {
    if (!is_tag_field(field)) continue;
    are_all_soft = are_all_soft && http::equals_ignoring_case(field.name, kSoftTags);
    add_tags(field.value, purge.tags);
  }
  if (!purge.tags.empty()) {
    is_soft = is_soft || are_all_soft;
  } else if (has_value(request, "x-purge-method", "regex")) {
    if (const auto start = start_of_expression(request)) purge.prefixes.push_back(*start);
  } else {
    add_urls(request, purge.urls);
  }
  purge.soft = is_soft;
  return purge;
}

} // namespace selvedge::proxy
