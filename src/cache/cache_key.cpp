#include <selvedge/cache/cache_key.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Field values have no line ends: what one client sends cannot look like another's lines.
void append_field(std::string& text, const std::string& name, const http::FieldList& fields) {
  text.append("\n").append(name);
  bool is_first = true;
  for (const http::Field& field : fields) {
    if (!http::equals_ignoring_case(field.name, name)) continue;
    text.append(is_first ? ": " : ", ").append(http::trim(field.value));
    is_first = false;
  }
}

// RFC 6265, 4.2.1: "name=value" pairs, separated by semicolons. Of a repeated name all values:
// which of them an origin takes is not known.
void append_cookie(std::string& text, const std::string& name, const http::FieldList& fields) {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldName::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = rest.find(';');
      const std::string_view pair = http::trim(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || http::trim(pair.substr(0, equals)) != name) continue;
      text.append("\ncookie ").append(name).append("=").append(pair.substr(equals + 1));
    }
  }
}

} // namespace

CacheKey make_cache_key(std::string_view scheme, std::string_view authority,
                        std::string_view target, base::Arena& arena) {
  constexpr std::string_view kAfterScheme = "://";
  authority = http::without_default_port(authority, scheme);
  const std::string_view empty_path = target.empty() || target.front() == '?' ? "/" : "";
  const std::size_t size =
      scheme.size() + kAfterScheme.size() + authority.size() + empty_path.size() + target.size();

  char* const text = static_cast<char*>(arena.allocate(size, 1));
  char* to = std::transform(scheme.begin(), scheme.end(), text, lower);
  to = std::copy(kAfterScheme.begin(), kAfterScheme.end(), to);
  to = std::transform(authority.begin(), authority.end(), to, lower);
  to = std::copy(empty_path.begin(), empty_path.end(), to);
  std::copy(target.begin(), target.end(), to);
  const std::string_view key{text, size};
  return {key, base::fingerprint(key)};
}

CacheKey make_cache_key(const http::RequestHead& request, const KeyRules& rules,
                        base::Arena& arena) {
  const CacheKey place = make_cache_key(request.scheme, request.authority, request.target, arena);
  if (rules.headers.empty() && rules.cookies.empty()) return place;
  std::string text(place.text);
  for (const std::string& name : rules.headers) append_field(text, name, request.fields);
  for (const std::string& name : rules.cookies) append_cookie(text, name, request.fields);
  const std::string_view key = arena.copy(text);
  return {key, base::fingerprint(key)};
}

CacheKey query_free_key(const CacheKey& key, base::Arena& arena) {
  const std::size_t lines = std::min(key.text.find('\n'), key.text.size());
  const std::size_t path = std::min(key.text.find('?'), lines);
  std::string text(key.text.substr(0, path));
  text.append("\nno-vary-search").append(key.text.substr(lines));
  const std::string_view free = arena.copy(text);
  return {free, base::fingerprint(free)};
}

} // namespace selvedge::cache
