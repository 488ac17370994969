// Which versions of a bundle there are, and what its channels stand for: the index.json above them.
// Pure values; immutable once read. Thread: any.
//
//   {"name": "@acme/ui",
//    "channels": {"latest": "2.3.1", "beta": "3.0.0-beta.2"},
//    "versions": {"2.3.1": {"released": "2026-11-02T10:00:00Z"}, "2.3.0": {"yanked": true}}}
#pragma once

#include <selvedge/bundle/parsed.hpp>
#include <selvedge/bundle/version_range.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

struct IndexedVersion {
  Version version;
  std::string text;
  std::string released; // as it was written; empty: not told
  bool is_yanked = false;
};

// A word that could not be taken for versions: "latest", "beta", "lts-2".
bool is_channel_name(std::string_view text);

struct Channel {
  std::string name;
  std::string version;
};

enum class SelectorKind : std::uint8_t { exact, channel, range };

// What a selector stands for now.
struct Resolution {
  SelectorKind kind = SelectorKind::exact;
  const IndexedVersion* version = nullptr; // of the index; null: there is none
};

class BundleIndex {
public:
  static constexpr std::size_t kLargest = 16 << 20; // bytes of its text
  static constexpr std::size_t kMostVersions = 100'000;
  static constexpr std::string_view kDefaultChannel = "latest";

  static Parsed<BundleIndex> parse(std::string_view json);
  static BundleIndex of(std::string name) { return BundleIndex(std::move(name)); } // empty

  const std::string& name() const { return name_; }
  const std::vector<IndexedVersion>& versions() const { return versions_; } // in order
  const std::vector<Channel>& channels() const { return channels_; }        // by name

  const IndexedVersion* find(std::string_view exact) const;
  // As npm chooses: an exact version, even a yanked one; else a channel; else of a range the
  // version of `latest` when that is admitted, or the greatest that was not yanked. "" is `latest`.
  Resolution resolve(std::string_view selector) const;
  const IndexedVersion* choose(const VersionRange& range) const;

  // For tools. A channel's version is one that was added.
  void add(IndexedVersion version);
  void set_channel(const std::string& channel, const std::string& version);

private:
  explicit BundleIndex(std::string name) : name_(std::move(name)) {}
  const IndexedVersion* of_channel(std::string_view channel) const;
  void order_texts();

  std::string name_;
  std::vector<IndexedVersion> versions_;
  std::vector<std::uint32_t> by_text_; // indices of versions_, ordered by their texts
  std::vector<Channel> channels_;
};

// The same bytes for the same index.
std::string text_of(const BundleIndex& index);

} // namespace selvedge::bundle
