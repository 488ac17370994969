#include <selvedge/proxy/purge.hpp>

#include <selvedge/bundle/name.hpp>
#include <selvedge/bundle/version.hpp>
#include <selvedge/codec/request_check.hpp>

#include <algorithm>

namespace selvedge::proxy {

namespace {

using cache::TagKind;

// "host/path" of a key.
std::string_view place_in(std::string_view key) {
  key.remove_prefix(key.find("://") + 3);
  return key.substr(0, key.find_first_of("?\n"));
}

// The name that the index has for a place: "host/path", as cache keys write it. Nothing for what is
// no place, or has a query.
std::optional<std::string> place_of(std::string_view text) {
  std::string url(text);
  const std::size_t slash = text.find('/');
  const bool has_scheme = text.find("://") < slash;
  // Places have no scheme, but one is needed to tell a port that says nothing.
  const bool is_secure = text.substr(0, slash).ends_with(":443");
  if (!has_scheme) url.insert(0, is_secure ? "https://" : "http://");
  const auto parts = codec::parse_absolute_target(url);
  if (!parts || parts->target.find('?') != std::string_view::npos) return {};
  base::Arena arena;
  const std::string_view path = cache::normal_path(parts->target, arena);
  return std::string(
      place_in(cache::make_cache_key(parts->scheme, parts->authority, path, arena).text));
}

// "scheme://authority name" with the origin as cache keys write it; nothing for anything else.
std::optional<std::string> group_of(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return {}; // a group may have the empty name
  const std::string_view origin = text.substr(0, space);
  const auto parts = codec::parse_absolute_target(origin);
  if (!parts || origin.ends_with('/') || parts->target != "/") return {};
  base::Arena arena;
  std::string_view key =
      cache::make_cache_key(parts->scheme, parts->authority, parts->target, arena).text;
  key.remove_suffix(1); // the path "/"
  return std::string(key) + std::string(text.substr(space));
}

// The whole directory that a place is, or would be.
std::string directory_of(std::string place) {
  return place.ends_with('/') ? place : place + "/";
}

// How many directories a directory lies below its host: 1 for "host/a/".
std::ptrdiff_t depth_of(const std::string& directory) {
  return std::count(directory.begin(), directory.end(), '/') - 1;
}

std::string refusal_of_prefix(const std::string& prefix) {
  const auto place = place_of(prefix);
  if (!place) return "not a prefix such as http://host/a/b or host/a/b, without query: " + prefix;
  if (place->find(".*") != std::string::npos || place->ends_with("/*")) {
    return "a prefix means everything below it and is no expression: " + prefix;
  }
  if (depth_of(directory_of(*place)) > static_cast<std::ptrdiff_t>(cache::kMaxDirectories)) {
    return "prefixes are at most " + std::to_string(cache::kMaxDirectories) +
           " segments deep: " + prefix;
  }
  return {};
}

// The key of a GET of the URL: by the rules of its route, when there is one.
cache::CacheKey key_of(const Routing* routing, const std::string& url, base::Arena& arena) {
  if (routing != nullptr) {
    if (const auto key = routing->key_of(url, arena)) return *key;
  }
  const auto parts = codec::parse_absolute_target(url);
  // Of a request without a host (HTTP/1.0): nobody else writes it so, and its key is the same text.
  if (!parts) return {url, base::fingerprint(url)};
  const std::string_view target = cache::normal_path(parts->target, arena);
  return cache::make_cache_key(parts->scheme, parts->authority, target, arena);
}

// Carries out one request.
class Purging {
public:
  Purging(cache::Store& store, cache::FillTable& fills, const PurgeRequest& request,
          base::Steady now)
      : store_(store), fills_(fills),
        mode_(request.soft ? cache::PurgeMode::soft : cache::PurgeMode::hard), now_(now) {
    receipt_.epoch = store.purges().epoch();
  }

  void everything() { note(store_.purges().purge_everything(mode_, store_.stats().objects, now_)); }

  void named(TagKind kind, std::string_view name) {
    note(store_.purges().purge(kind, name, mode_, now_));
  }

  void host(const std::string& text) {
    const std::string place = *place_of(text);
    named(TagKind::host, place.substr(0, place.size() - 1)); // without the path "/"
  }

  void prefix(const std::string& text) {
    const std::string place = *place_of(text);
    const std::string directory = directory_of(place);
    if (depth_of(directory) == 0) return host(text);
    if (directory != place) path(place);
    named(TagKind::directory, directory);
  }

  void url(const Routing* routing, const std::string& text) {
    base::Arena arena;
    const cache::CacheKey key = key_of(routing, text, arena);
    // Where fields or cookies of requests are part of the key, it is only one of many.
    if (key.text.find('\n') != std::string_view::npos) return path(place_in(key.text));
    named(TagKind::target, key.text);
    stored_under(key);
    const cache::CacheKey query_free = cache::query_free_key(key, arena);
    named(TagKind::target, query_free.text); // fills under way will be stored under it
    stored_under(query_free);
  }

  const PurgeReceipt& receipt() const { return receipt_; }

private:
  // "host/path" with every query. What is stored under that URL alone has no tag for it.
  void path(std::string_view place) {
    named(TagKind::url, place);
    for (const char* scheme : {"http://", "https://"}) {
      const std::string key = scheme + std::string(place);
      stored_under({key, base::fingerprint(key)});
    }
  }

  // Every variant. What is being fetched may be from before the purge: it is not stored, and who
  // comes now does not wait for it.
  void stored_under(const cache::CacheKey& key) {
    fills_.forget(key.print);
    receipt_.matched +=
        mode_ == cache::PurgeMode::soft ? store_.mark_stale(key) : store_.remove(key);
  }

  void note(const cache::PurgeIndex::Purged& purged) {
    receipt_.epoch = std::max(receipt_.epoch, purged.epoch);
    receipt_.matched += purged.matched;
  }

  cache::Store& store_;
  cache::FillTable& fills_;
  const cache::PurgeMode mode_;
  const base::Steady now_;
  PurgeReceipt receipt_;
};

} // namespace

std::string refusal_of(const PurgeRequest& request) {
  if (request.is_empty()) return "nothing is named that should be purged";
  for (const std::string& url : request.urls) {
    if (!codec::parse_absolute_target(url)) return "not an absolute http or https URL: " + url;
  }
  for (const std::string& tag : request.tags) {
    if (tag.empty()) return "a tag has no name";
  }
  for (const std::string& group : request.groups) {
    if (!group_of(group)) return "not a group such as 'https://example.com scripts': " + group;
  }
  for (const std::string& prefix : request.prefixes) {
    if (std::string refusal = refusal_of_prefix(prefix); !refusal.empty()) return refusal;
  }
  for (const std::string& bundle : request.bundles) {
    const std::size_t at = bundle.find('@', 1);
    const std::string name = bundle.substr(0, at);
    const bool is_version =
        at == std::string::npos || bundle::is_exact_version(bundle.substr(at + 1));
    if (!bundle::is_bundle_name(name) || !is_version) {
      return "not a bundle such as acme-ui@2.3.1: " + bundle;
    }
  }
  for (const std::string& host : request.hosts) {
    if (!codec::is_authority(host)) return "not a host such as example.com:8443: " + host;
  }
  return {};
}

PurgeReceipt purge(cache::Store& store, cache::FillTable& fills, const Routing* routing,
                   const PurgeRequest& request, base::Steady now) {
  Purging purging(store, fills, request, now);
  if (request.everything) {
    purging.everything();
    return purging.receipt();
  }
  for (const std::string& url : request.urls) purging.url(routing, url);
  for (const std::string& tag : request.tags) purging.named(TagKind::key, tag);
  for (const std::string& group : request.groups) {
    if (const auto name = group_of(group)) purging.named(TagKind::group, *name);
  }
  for (const std::string& prefix : request.prefixes) purging.prefix(prefix);
  for (const std::string& host : request.hosts) purging.host(host);
  for (const std::string& bundle : request.bundles) purging.named(TagKind::bundle, bundle);
  return purging.receipt();
}

void PurgeCounters::note(const PurgeRequest& request, const PurgeReceipt& receipt) {
  urls.add(request.urls.size());
  tags.add(request.tags.size());
  groups.add(request.groups.size());
  prefixes.add(request.prefixes.size());
  hosts.add(request.hosts.size());
  bundles.add(request.bundles.size());
  everything.add(request.everything ? 1 : 0);
  matched.add(receipt.matched);
}

} // namespace selvedge::proxy
