#include "dictionary_place.hpp"

#include "bundle_request.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace selvedge::proxy {

namespace {

// Of text that is to mean itself in a pattern (URL Pattern, 2.1), within a string (RFC
// 9651, 3.3.3).
void append_literal(std::string& pattern, std::string_view text) {
  constexpr std::string_view kSpecial = R"(\{}()*+?)";
  for (const char c : text) {
    if (c == ':') { // alone, even with a backslash, it ends a protocol
      pattern.append(R"({\\:})");
      continue;
    }
    if (kSpecial.find(c) != std::string_view::npos) pattern.append(R"(\\)");
    if (c == '\\' || c == '"') pattern.push_back('\\');
    pattern.push_back(c);
  }
}

std::string_view value_of(const http::FieldList& fields, std::string_view name) {
  const http::Field* const field = fields.find(name);
  return field == nullptr ? std::string_view() : field->value;
}

} // namespace

std::optional<DictionaryPlace> dictionary_place(std::string_view key, std::string_view prefix,
                                                std::string_view name, std::string_view version,
                                                base::Arena& arena) {
  constexpr std::string_view kScheme = "https://";
  if (!key.starts_with(kScheme)) return std::nullopt;
  const std::size_t begin = key.find('/', kScheme.size());
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view rest = key.substr(begin);
  const auto take = [&rest](std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  };
  DictionaryPlace place;
  place.base = prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix;
  place.name = name;
  if (!take(place.base) || !take("/") || !take(name) || !take("/")) return std::nullopt;
  const std::string_view before = key.substr(0, key.size() - rest.size());
  if (!take(version) || !take("/")) return std::nullopt;
  const std::size_t lines = std::min(rest.find('\n'), rest.size()); // of fields in the key
  place.path = rest.substr(0, lines);
  if (place.path == "bundle.json" || place.path.find('?') != std::string_view::npos) {
    return std::nullopt;
  }
  place.text = joined({before, "*/", rest}, arena);
  return place;
}

std::string use_as_dictionary(const DictionaryPlace& place) {
  std::string value = "match=\"";
  append_literal(value, place.base);
  value.push_back('/');
  append_literal(value, place.name);
  value.append("@*/");
  append_literal(value, place.path);
  return value.append("\"");
}

std::optional<cache::ContentDigest> available_dictionary(const http::FieldList& request) {
  constexpr std::size_t kText = 44; // 32 bytes in base64 (RFC 9651, 3.3.5)
  std::string_view value = value_of(request, kAvailableDictionary);
  if (value.size() != kText + 2 || value.front() != ':' || value.back() != ':') return std::nullopt;
  value = value.substr(1, kText);
  if (value.back() != '=' || value[kText - 2] == '=') return std::nullopt;
  std::array<unsigned char, kText / 4 * 3> bytes;
  const auto* const text = reinterpret_cast<const unsigned char*>(value.data());
  if (EVP_DecodeBlock(bytes.data(), text, kText) != static_cast<int>(bytes.size())) {
    return std::nullopt;
  }
  cache::ContentDigest digest;
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return digest;
}

bool may_read(const http::FieldList& request, std::string_view allowed_origin) {
  const std::string_view site = value_of(request, "sec-fetch-site");
  if (site.empty() || site == "same-origin") return true;
  const std::string_view mode = value_of(request, "sec-fetch-mode");
  if (mode.empty() || mode == "navigate" || mode == "same-origin") return true;
  const std::string_view origin = value_of(request, "origin");
  if (mode != "cors" || origin.empty()) return false;
  return allowed_origin == "*" || allowed_origin == origin;
}

} // namespace selvedge::proxy
