// Where a response lives, as tags. All names are pieces of the key: nothing is built.
#include <selvedge/cache/purge_index.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

// A cache key without its scheme, in parts: "host:port" "/a/b/c.js" "?query" and further lines.
struct Place {
  std::string_view host;
  std::string_view host_and_path;
  bool is_plain = false; // nothing follows the path
};

// Nothing for a key that is no URL.
Place place_of(std::string_view key) {
  constexpr std::string_view kAfterScheme = "://";
  const std::size_t colon = key.find(kAfterScheme);
  if (colon == std::string_view::npos) return {};
  const std::string_view rest = key.substr(colon + kAfterScheme.size());
  Place place;
  place.host_and_path = rest.substr(0, rest.find_first_of("?\n"));
  place.host = place.host_and_path.substr(0, place.host_and_path.find('/'));
  place.is_plain = place.host_and_path.size() == rest.size();
  return place;
}

} // namespace

void add_place_tags(PurgeIndex& index, std::string_view key, Tags& tags) {
  const Place place = place_of(key);
  if (place.host.empty()) return;
  const std::string_view path = place.host_and_path;
  const auto slashes = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  const std::size_t directories = std::min(slashes, 1 + kMaxDirectories); // with the root
  tags.reserve(tags.size() + directories + (place.is_plain ? 1 : 3));

  tags.push_back(index.intern(TagKind::host, place.host));
  std::size_t slash = place.host.size();
  for (std::size_t i = 0; i < directories; ++i) {
    tags.push_back(index.intern(TagKind::directory, path.substr(0, slash + 1)));
    slash = path.find('/', slash + 1);
  }
  if (!place.is_plain) tags.push_back(index.intern(TagKind::url, path));
  // Who names the URL means those that differ by further lines, too.
  const std::size_t line = key.find('\n');
  const bool is_query_free = key.substr(std::min(line, key.size())).starts_with("\nno-vary-search");
  if (line != std::string_view::npos && !is_query_free) {
    tags.push_back(index.intern(TagKind::target, key.substr(0, line)));
  }
}

} // namespace selvedge::cache
