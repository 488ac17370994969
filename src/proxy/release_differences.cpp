#include "release_differences.hpp"

#include "bundle_request.hpp"
#include "dictionary_place.hpp"

#include <algorithm>
#include <map>

namespace selvedge::proxy {

namespace {

constexpr std::size_t kMostVersions = 3; // of which there are differences to a new one
constexpr std::size_t kMostWanted = 1024;

using VersionsByName = std::map<std::string, std::vector<std::string>, std::less<>>;

// Those that sessions have, most of them first.
VersionsByName in_use(const ReleasePlace& place) {
  VersionsByName versions;
  if (place.sessions == nullptr) return versions;
  auto rows = place.sessions->rows(std::chrono::floor<std::chrono::seconds>(place.now.wall));
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [](const auto& row) { return row.this_hour + row.last_hour; });
  for (const insight::DistinctCounts::Row& row : rows) {
    const std::size_t at = row.kind.rfind('@');
    if (at == 0 || at == std::string::npos) continue;
    versions[row.kind.substr(0, at)].push_back(row.kind.substr(at + 1));
  }
  return versions;
}

// From which of its versions clients come to that one.
std::vector<std::string> versions_before(const bundle::LockBuilder::Placed& now,
                                         const bundle::ReleasedSet* released,
                                         const VersionsByName& used) {
  std::vector<std::string> before;
  const auto add = [&](const std::string& version) {
    const bool is_new =
        version != now.version && std::ranges::find(before, version) == before.end();
    if (is_new && before.size() < kMostVersions) before.push_back(version);
  };
  const bundle::LockedBundle* const locked =
      released != nullptr ? released->find_locked(now.name) : nullptr;
  if (locked != nullptr) {
    for (const bundle::LockedVersion& one : locked->versions) add(one.text);
  }
  const auto found = used.find(now.name);
  if (found == used.end()) return before;
  for (const std::string& version : found->second) add(version);
  return before;
}

} // namespace

void want_differences(const ReleasePlace& place,
                      std::span<const bundle::LockBuilder::Placed> versions,
                      const bundle::ReleasedSet* before) {
  const Route& route = place.route;
  const std::string_view base =
      std::string_view(route.prefix).substr(0, route.prefix.size() - route.prefix.ends_with('/'));
  const VersionsByName used = in_use(place);
  base::Arena arena;
  http::RequestHead request;
  request.scheme = place.scheme;
  request.authority = place.authority;
  const auto key_of = [&](const bundle::LockBuilder::Placed& one, std::string_view version,
                          const std::string& path) {
    request.target = joined({base, "/", one.name, "/", version, "/", encoded(path)}, arena);
    return cache::make_cache_key(request, route.key, arena);
  };
  const auto find = [&](const cache::CacheKey& key) {
    const cache::StoredResponsePtr found = place.store.find(key, request);
    return found && !found->is_pass_marker() ? found : nullptr;
  };
  std::size_t wanted = 0;
  for (const bundle::LockBuilder::Placed& one : versions) {
    const std::vector<std::string> others = versions_before(one, before, used);
    if (others.empty()) continue;
    for (const std::string& path : one.manifest->entry) {
      const cache::CacheKey key = key_of(one, one.version, path);
      const auto asset = dictionary_place(key.text, route.prefix, one.name, one.version, arena);
      const cache::StoredResponsePtr content = find(key);
      if (!asset || !content) continue;
      for (const std::string& version : others) {
        const cache::StoredResponsePtr old = find(key_of(one, version, path));
        if (!old || old->body().digest() == nullptr) continue;
        if (++wanted > kMostWanted) return;
        place.differences.want(asset->text,
                               {std::string(key.text), std::string(content->vary()),
                                content->content_id(), *old->body().digest(), route.compression,
                                place.now.steady, Differences::Asker::release});
      }
    }
  }
}

} // namespace selvedge::proxy
