// Which requests a stored response may answer (RFC 9111, 4.1). The text kept with it has one line
// for each field that Vary names, sorted: "name: value" or, where the request had no such field,
// "name". With No-Vary-Search, a line before them says which queries it answers: "?rule query".
#include <selvedge/cache/stored_response.hpp>

#include "canonical_value.hpp"
#include "no_vary_search.hpp"

#include <selvedge/http/structured_field.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace selvedge::cache {

namespace {

constexpr std::string_view kBetweenValues = ", ";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return result;
}

bool has_name(const http::Field& field, http::FieldName id, std::string_view name) {
  if (id != http::FieldName::unknown) return field.id == id;
  return field.id == http::FieldName::unknown && http::equals_ignoring_case(field.name, name);
}

// What the origin sees of these is this node's, not the client's: whom it depends on is unknown.
bool is_written_here(std::string_view name) {
  const http::FieldName id = http::field_name_of(name);
  return id == http::FieldName::via || id == http::FieldName::forwarded ||
         id == http::FieldName::x_forwarded_for;
}

// Written here too, from what the key has: scheme and host.
bool is_in_key(std::string_view name) {
  const http::FieldName id = http::field_name_of(name);
  return id == http::FieldName::x_forwarded_proto || id == http::FieldName::x_forwarded_host ||
         id == http::FieldName::host;
}

// The names that Vary lists, each once; nothing for "*". A member that cannot be a field name is
// taken for "*" too: what the response depends on is then unknown.
std::optional<std::vector<std::string>> names_of_vary(const http::FieldList& response) {
  std::vector<std::string> names;
  bool is_usable = true;
  http::for_each_element(response, http::FieldName::vary, [&](std::string_view name) {
    is_usable = is_usable && name != "*" && http::is_token(name) && !is_written_here(name);
    if (is_usable && !is_in_key(name)) names.push_back(lower(name));
    return is_usable;
  });
  if (!is_usable) return std::nullopt;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void append_as_sent(std::string& text, std::string_view name, const http::FieldList& request) {
  const http::FieldName id = http::field_name_of(name);
  text.append(name);
  bool is_first = true;
  for (const http::Field& field : request) {
    if (!has_name(field, id, name)) continue;
    text.append(is_first ? ": " : kBetweenValues).append(http::trim(field.value));
    is_first = false;
  }
  text.push_back('\n');
}

void append_line(std::string& text, std::string_view name, const http::FieldList& request) {
  std::array<char, kCanonicalBytes> scratch;
  const auto canonical = canonical_value(request, http::field_name_of(name), scratch);
  if (!canonical) return append_as_sent(text, name, request);
  text.append(name).append(": ").append(*canonical).push_back('\n');
}

bool take(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

// Compares in place what append_as_sent() would write: this is the hit path.
bool matches_as_sent(std::string_view line, const http::FieldList& request) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const http::FieldName id = http::field_name_of(name);
  std::string_view rest = line.substr(name.size());
  bool is_first = true;
  for (const http::Field& field : request) {
    if (!has_name(field, id, name)) continue;
    if (!take(rest, is_first ? ": " : kBetweenValues)) return false;
    if (!take(rest, http::trim(field.value))) return false;
    is_first = false;
  }
  return rest.empty();
}

// Compares what append_line() would write.
bool matches_line(std::string_view line, const http::FieldList& request) {
  if (matches_as_sent(line, request)) return true; // also where that is canonical
  const std::string_view name = line.substr(0, line.find(':'));
  const http::FieldName id = http::field_name_of(name);
  if (!has_canonical_form(id)) return false;
  std::array<char, kCanonicalBytes> scratch;
  const auto canonical = canonical_value(request, id, scratch);
  std::string_view rest = line.substr(name.size());
  return canonical && take(rest, ": ") && rest == *canonical;
}

// Whether `matches` says so of every line.
template <typename Matches>
bool match_all(std::string_view lines, const http::FieldList& request, Matches matches) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    if (!matches(lines.substr(0, end), request)) return false;
    if (end == std::string_view::npos) return true;
    lines.remove_prefix(end + 1);
  }
  return true;
}

} // namespace

std::optional<std::string> vary_text(const http::FieldList& response,
                                     const http::RequestHead& request) {
  const auto names = names_of_vary(response);
  if (!names) return std::nullopt;
  std::string text;
  if (response.find(http::FieldName::no_vary_search) != nullptr && is_comparable(request.target)) {
    const NoVarySearch rule =
        parse_no_vary_search(http::joined_value(response, http::FieldName::no_vary_search));
    if (!rule.is_default()) text = query_line(rule, request.target);
  }
  for (const std::string& name : *names) append_line(text, name, request.fields);
  return text;
}

bool is_query_free(std::string_view vary_text) {
  return vary_text.starts_with(kQueryLine);
}

std::string vary_text_as_sent(std::string_view vary_text, const http::RequestHead& request) {
  if (is_query_free(vary_text)) return {}; // the query is to be compared in any case
  std::string text;
  for (std::string_view lines = vary_text; !lines.empty();) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    append_as_sent(text, lines.substr(0, std::min(lines.find(':'), end)), request.fields);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text == vary_text ? std::string() : text;
}

bool selects(std::string_view lines, const http::RequestHead& request) {
  if (lines.starts_with(kQueryLine)) {
    const std::size_t end = lines.find('\n');
    if (!matches_query_line(lines.substr(0, end), request.target)) return false;
    lines.remove_prefix(end + 1);
  }
  return match_all(lines, request.fields, matches_line);
}

bool selects(const StoredResponse& stored, const http::RequestHead& request) {
  if (stored.vary().empty()) return true;
  const std::string_view as_sent = stored.vary_as_sent();
  if (!as_sent.empty() && match_all(as_sent, request.fields, matches_as_sent)) return true;
  return selects(stored.vary(), request);
}

} // namespace selvedge::cache
