#include "bundle_request.hpp"

#include <selvedge/bundle/name.hpp>
#include <selvedge/bundle/version.hpp>
#include <selvedge/http/percent_encoding.hpp>

#include <cstring>
#include <initializer_list>

namespace selvedge::proxy {

namespace {

constexpr std::string_view kManifest = "bundle.json";

std::string_view file_of(const BundleRequest& request) {
  return request.path.empty() ? kManifest : request.path;
}

} // namespace

std::string_view joined(std::initializer_list<std::string_view> parts, base::Arena& arena) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const text = static_cast<char*>(arena.allocate(size, 1));
  char* at = text;
  for (const std::string_view part : parts) {
    std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {text, size};
}

std::string_view decoded(std::string_view text, base::Arena& arena) {
  if (text.find('%') == std::string_view::npos) return text;
  char* const bytes = static_cast<char*>(arena.allocate(text.size(), 1));
  std::size_t size = 0;
  while (!text.empty()) {
    const std::optional<char> byte = http::encoded_byte(text);
    bytes[size++] = byte.value_or(text.front());
    text.remove_prefix(byte ? http::kEncodedByte : 1);
  }
  return {bytes, size};
}

std::string encoded(std::string_view path) {
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
    if (is_plain) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::optional<BundleRequest> bundle_request(std::string_view target, std::string_view prefix,
                                            base::Arena& arena) {
  BundleRequest request;
  request.base = prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix;
  const std::size_t end = std::min(target.find('?'), target.size());
  request.query = target.substr(end);
  if (end < request.base.size()) return std::nullopt;
  const auto found =
      bundle::bundle_target(target.substr(request.base.size(), end - request.base.size()));
  if (!found) return std::nullopt;
  request.name = found->name;
  // Browsers encode what ranges are made of ("%5E1.2").
  request.selector = decoded(found->selector, arena);
  request.path = found->path;
  request.is_exact = bundle::is_exact_version(request.selector);
  return request;
}

std::string_view origin_target(const BundleRequest& request, std::string_view version,
                               base::Arena& arena) {
  return joined(
      {request.base, "/", request.name, "/", version, "/", file_of(request), request.query}, arena);
}

std::string_view document_target(std::string_view base, std::string_view name,
                                 std::string_view version, base::Arena& arena) {
  if (version.empty()) return joined({base, "/", name, "/index.json"}, arena);
  return joined({base, "/", name, "/", version, "/", kManifest}, arena);
}

std::string_view exact_url(const BundleRequest& request, std::string_view version,
                           base::Arena& arena) {
  return joined({request.base, "/", request.name, "@", version, "/", request.path, request.query},
                arena);
}

} // namespace selvedge::proxy
