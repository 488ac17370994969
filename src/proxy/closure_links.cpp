#include "closure_links.hpp"

#include <algorithm>

namespace selvedge::proxy {

using bundle::LockedNeed;
using bundle::Manifest;

namespace {

struct Place { // of an asset
  LockedNeed version;
  std::string path;
  friend bool operator==(const Place&, const Place&) = default;
};

// By breadth, from one asset on.
class Walk {
public:
  Walk(BundleCatalog& catalog, const Asker& asker, std::string_view base,
       const bundle::Snapshot& snapshot)
      : catalog_(catalog), asker_(asker), base_(base), snapshot_(snapshot) {}

  ClosureLinks from(Place first) {
    places_.push_back(std::move(first));
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Place place = places_[i];
      const ManifestPtr manifest = manifest_of(place.version); // kept while it is read
      const bundle::Asset* asset = manifest ? manifest->find(place.path) : nullptr;
      if (asset == nullptr) continue;
      if (i > 0) add(place, *asset);
      for (const bundle::AssetReference& one : asset->required) {
        if (places_.size() <= ClosureLinks::kMostAssets) meet(place.version, one);
      }
    }
    return std::move(links_);
  }

private:
  using ManifestPtr = std::shared_ptr<const Manifest>;

  ManifestPtr manifest_of(const LockedNeed& version) {
    const auto found = catalog_.document(asker_, base_, {version.name, version.version}, nullptr);
    if (found.outcome == BundleCatalog::Outcome::pending) links_.is_complete = false;
    if (found.outcome != BundleCatalog::Outcome::found) return nullptr;
    return std::get<ManifestPtr>(*found.document);
  }

  void meet(const LockedNeed& by, const bundle::AssetReference& what) {
    if (what.bundle.empty()) return note({by, what.path});
    const LockedNeed* need = need_of(by, what.bundle);
    if (need == nullptr) return;
    if (!what.path.empty()) return note({*need, what.path});
    const ManifestPtr manifest = manifest_of(*need);
    if (!manifest) return;
    for (const std::string& path : manifest->entry) note({*need, path});
  }

  const LockedNeed* need_of(const LockedNeed& by, const std::string& name) const {
    for (const auto& [channel, set] : snapshot_.channels()) {
      const bundle::LockedVersion* locked = set.find_locked(by.name, by.version);
      if (locked == nullptr) continue;
      const auto found = std::ranges::find(locked->needs, name, &LockedNeed::name);
      if (found != locked->needs.end()) return &*found;
    }
    return nullptr;
  }

  void note(Place place) {
    if (places_.size() > ClosureLinks::kMostAssets) return;
    if (std::ranges::find(places_, place) == places_.end()) places_.push_back(std::move(place));
  }

  void add(const Place& place, const bundle::Asset& asset) {
    const LockedNeed& of = place.version;
    const std::string path = encoded(place.path);
    const std::string base(base_);
    links_.assets.push_back({base + '/' + of.name + '/' + of.version + '/' + path,
                             of.name + '@' + of.version,
                             ExpectedContent{asset.digest, asset.size}});
    const bool is_script = path.ends_with(".js") || path.ends_with(".mjs");
    if (count_ == ClosureLinks::kMostLinks || (!is_script && !path.ends_with(".css"))) return;
    ++count_;
    if (!links_.field.empty()) links_.field += ", ";
    links_.field += '<' + base + '/' + of.name + '@' + of.version + '/' + path + '>';
    links_.field += is_script ? "; rel=modulepreload" : "; rel=preload; as=style";
  }

  BundleCatalog& catalog_;
  const Asker& asker_;
  const std::string_view base_;
  const bundle::Snapshot& snapshot_;
  std::vector<Place> places_;
  std::size_t count_ = 0;
  ClosureLinks links_;
};

} // namespace

ClosureLinks closure_links(BundleCatalog& catalog, const Asker& asker, std::string_view base,
                           const bundle::Snapshot& snapshot, const LockedNeed& version,
                           std::string_view path) {
  return Walk(catalog, asker, base, snapshot).from({version, std::string(path)});
}

} // namespace selvedge::proxy
