#include <selvedge/bundle/index.hpp>

#include "json_reader.hpp"

#include <selvedge/bundle/name.hpp>

#include <algorithm>

namespace selvedge::bundle {

namespace {

using Json = nlohmann::json;

IndexedVersion version_at(const JsonPlace& place, const std::string& text) {
  IndexedVersion one;
  const auto version = parse_version(text);
  if (!version || version->text() != text) place.fail("'" + text + "' is no version such as 1.2.3");
  one.version = *version;
  one.text = text;
  place.object();
  if (place.has("released")) one.released = place.at("released").text();
  if (place.has("yanked")) one.is_yanked = place.at("yanked").truth();
  return one;
}

} // namespace

bool is_channel_name(std::string_view text) {
  constexpr std::size_t kLongest = 128;
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_good) &&
         !VersionRange::parse(text);
}

Parsed<BundleIndex> BundleIndex::parse(std::string_view text) {
  try {
    const Json json = json_of(text, kLargest);
    const JsonPlace root{json, ""};
    BundleIndex index(root.at("name").text());
    if (!is_bundle_name(index.name_)) {
      root.at("name").fail("'" + index.name_ + "' is no name of a bundle");
    }
    const JsonPlace versions = root.at("versions");
    if (versions.object().size() > kMostVersions) {
      versions.fail("there are more than " + std::to_string(kMostVersions));
    }
    for (const auto& [version, about] : versions.object().items()) {
      index.versions_.push_back(version_at(versions.at(version), version));
    }
    std::ranges::sort(index.versions_, {}, &IndexedVersion::version);
    index.order_texts();
    if (root.has("channels")) {
      const JsonPlace channels = root.at("channels");
      for (const auto& [name, version] : channels.object().items()) {
        const JsonPlace one = channels.at(name);
        if (!is_channel_name(name)) one.fail("'" + name + "' is no name of a channel");
        if (index.find(one.text()) == nullptr) {
          one.fail("'" + one.text() + "' is none of the versions");
        }
        index.channels_.push_back({name, one.text()});
      }
    }
    return Parsed<BundleIndex>::good(std::move(index));
  } catch (const WrongJson& wrong) {
    return Parsed<BundleIndex>::bad(wrong.what());
  }
}

void BundleIndex::order_texts() {
  by_text_.resize(versions_.size());
  for (std::uint32_t i = 0; i < by_text_.size(); ++i) by_text_[i] = i;
  const auto text = [this](std::uint32_t i) -> const std::string& { return versions_[i].text; };
  std::ranges::sort(by_text_, {}, text);
}

const IndexedVersion* BundleIndex::find(std::string_view exact) const {
  const auto text = [this](std::uint32_t i) -> std::string_view { return versions_[i].text; };
  const auto found = std::ranges::lower_bound(by_text_, exact, {}, text);
  return found != by_text_.end() && versions_[*found].text == exact ? &versions_[*found] : nullptr;
}

const IndexedVersion* BundleIndex::of_channel(std::string_view channel) const {
  const auto found = std::ranges::lower_bound(channels_, channel, {}, &Channel::name);
  return found != channels_.end() && found->name == channel ? find(found->version) : nullptr;
}

const IndexedVersion* BundleIndex::choose(const VersionRange& range) const {
  const IndexedVersion* latest = of_channel(kDefaultChannel);
  if (latest != nullptr && !latest->is_yanked && range.admits(latest->version)) return latest;
  for (auto one = versions_.rbegin(); one != versions_.rend(); ++one) {
    if (!one->is_yanked && range.admits(one->version)) return &*one;
  }
  return nullptr;
}

Resolution BundleIndex::resolve(std::string_view selector) const {
  if (selector.empty()) return {SelectorKind::channel, of_channel(kDefaultChannel)};
  if (const IndexedVersion* exact = find(selector)) return {SelectorKind::exact, exact};
  if (const IndexedVersion* version = of_channel(selector)) return {SelectorKind::channel, version};
  const auto range = VersionRange::parse(selector);
  return {SelectorKind::range, range ? choose(*range) : nullptr};
}

void BundleIndex::add(IndexedVersion version) {
  std::erase_if(versions_, [&](const IndexedVersion& one) { return one.text == version.text; });
  const auto at =
      std::ranges::upper_bound(versions_, version.version, {}, &IndexedVersion::version);
  versions_.insert(at, std::move(version));
  order_texts();
}

void BundleIndex::set_channel(const std::string& channel, const std::string& version) {
  const auto at = std::ranges::lower_bound(channels_, channel, {}, &Channel::name);
  if (at != channels_.end() && at->name == channel) {
    at->version = version;
  } else {
    channels_.insert(at, {channel, version});
  }
}

std::string text_of(const BundleIndex& index) {
  Json json{{"name", index.name()}, {"channels", Json::object()}, {"versions", Json::object()}};
  for (const Channel& one : index.channels()) json["channels"][one.name] = one.version;
  for (const IndexedVersion& one : index.versions()) {
    Json& about = json["versions"][one.text] = Json::object();
    if (!one.released.empty()) about["released"] = one.released;
    if (one.is_yanked) about["yanked"] = true;
  }
  return json.dump(2) + '\n';
}

} // namespace selvedge::bundle
