#include <selvedge/bundle/name.hpp>

#include <algorithm>

namespace selvedge::bundle {

namespace {

constexpr std::size_t kLongestName = 214;
constexpr std::size_t kLongestPath = 1024;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_name_part(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.front() != '_' &&
         std::ranges::all_of(text, is_name_character);
}

bool is_segment(std::string_view text) {
  return !text.empty() && text != "." && text != "..";
}

} // namespace

bool is_bundle_name(std::string_view text) {
  if (text.size() > kLongestName) return false;
  if (!text.starts_with('@')) return is_name_part(text);
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_name_part(text.substr(1, slash - 1)) &&
         is_name_part(text.substr(slash + 1));
}

bool is_asset_path(std::string_view text) {
  if (text.size() > kLongestPath) return false;
  const auto is_bad = [](char c) {
    return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (std::ranges::any_of(text, is_bad)) return false;
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_segment(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

std::optional<BundleTarget> bundle_target(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  std::size_t end = path.find('/');
  if (path.starts_with('@') && end != std::string_view::npos) end = path.find('/', end + 1);
  const std::string_view head = path.substr(0, end);
  const std::size_t at = head.find('@', 1);
  BundleTarget target;
  target.name = head.substr(0, at);
  if (at != std::string_view::npos) target.selector = head.substr(at + 1);
  target.is_folder = end != std::string_view::npos;
  if (target.is_folder) target.path = path.substr(end + 1);
  return is_bundle_name(target.name) ? std::optional(target) : std::nullopt;
}

} // namespace selvedge::bundle
