// A log of releases as the file that outlives the node.
#include "json_reader.hpp"

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/name.hpp>
#include <selvedge/bundle/release_log.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace selvedge::bundle {

namespace {

using Json = nlohmann::json;
constexpr std::array kKinds{ReleaseKind::publish, ReleaseKind::promote, ReleaseKind::rollback,
                            ReleaseKind::origin};

// --- written

Json json_of(const Canary& canary) {
  return {{"permille", canary.permille}, {"tiers", canary.tiers}, {"regions", canary.regions}};
}

Json json_of(const Release& release) {
  Json changes = Json::array();
  for (const ReleaseChange& one : release.changes) {
    changes.push_back({{"name", one.name}, {"from", one.from}, {"to", one.to}});
  }
  Json json{{"id", release.id},
            {"kind", text_of(release.kind)},
            {"at", release.at.time_since_epoch().count()},
            {"who", release.who},
            {"why", release.why},
            {"channel", release.channel},
            {"changes", std::move(changes)},
            {"snapshot", release.snapshot}};
  if (release.canary) json["canary"] = json_of(*release.canary);
  return json;
}

Json json_of(const ReleasedSet& set) {
  Json released = Json::array();
  for (const ReleasedBundle& one : set.released) {
    released.push_back({{"name", one.name}, {"version", one.version}, {"entry", one.entry}});
  }
  Json locked = Json::object();
  for (const LockedBundle& one : set.locked) {
    for (const LockedVersion& version : one.versions) {
      Json needs = Json::object();
      for (const LockedNeed& need : version.needs) needs[need.name] = need.version;
      locked[one.name].push_back({{"version", version.text}, {"needs", std::move(needs)}});
    }
  }
  return {{"released", std::move(released)}, {"locked", std::move(locked)}};
}

Json json_of(const Snapshot& snapshot) {
  Json channels = Json::object();
  for (const auto& [channel, set] : snapshot.channels()) channels[channel] = json_of(set);
  return channels;
}

// --- read

std::string name_at(const JsonPlace& place) {
  std::string name = place.text();
  if (!is_bundle_name(name)) place.fail("'" + name + "' is no name of a bundle");
  return name;
}

std::string version_at(const JsonPlace& place) {
  std::string version = place.text();
  if (!is_exact_version(version)) place.fail("'" + version + "' is no version");
  return version;
}

std::vector<std::string> texts_at(const JsonPlace& place) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < place.array().size(); ++i) texts.push_back(place.at(i).text());
  return texts;
}

std::chrono::sys_seconds time_at(const JsonPlace& place) {
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(place.number())));
}

Canary canary_at(const JsonPlace& place) {
  Canary canary;
  const std::uint64_t permille = place.at("permille").number();
  if (permille > 1000) place.fail("permille: is more than 1000");
  canary.permille = static_cast<std::uint32_t>(permille);
  canary.tiers = texts_at(place.at("tiers"));
  canary.regions = texts_at(place.at("regions"));
  return canary;
}

Release release_at(const JsonPlace& place) {
  Release release;
  release.id = place.at("id").number();
  const std::string kind = place.at("kind").text();
  const auto found =
      std::ranges::find_if(kKinds, [&kind](ReleaseKind one) { return text_of(one) == kind; });
  if (found == kKinds.end()) place.fail("'" + kind + "' is no kind of release");
  release.kind = *found;
  release.at = time_at(place.at("at"));
  release.who = place.at("who").text();
  release.why = place.at("why").text();
  release.channel = place.at("channel").text();
  release.snapshot = place.at("snapshot").number();
  const JsonPlace changes = place.at("changes");
  for (std::size_t i = 0; i < changes.array().size(); ++i) {
    const JsonPlace one = changes.at(i);
    release.changes.push_back(
        {name_at(one.at("name")), one.at("from").text(), one.at("to").text()});
  }
  if (place.has("canary")) release.canary = canary_at(place.at("canary"));
  return release;
}

LockedVersion locked_at(const JsonPlace& place) {
  LockedVersion version{version_at(place.at("version")), {}};
  const JsonPlace needs = place.at("needs");
  for (const auto& [name, chosen] : needs.object().items()) {
    if (!is_bundle_name(name)) needs.fail("'" + name + "' is no name of a bundle");
    version.needs.push_back({name, version_at(needs.at(name))});
  }
  return version;
}

ReleasedSet set_at(const JsonPlace& place) {
  ReleasedSet set;
  const JsonPlace released = place.at("released");
  for (std::size_t i = 0; i < released.array().size(); ++i) {
    const JsonPlace one = released.at(i);
    set.released.push_back(
        {name_at(one.at("name")), version_at(one.at("version")), texts_at(one.at("entry"))});
  }
  std::ranges::sort(set.released, {}, &ReleasedBundle::name);
  const JsonPlace locked = place.at("locked");
  for (const auto& [name, versions] : locked.object().items()) {
    if (!is_bundle_name(name)) locked.fail("'" + name + "' is no name of a bundle");
    const JsonPlace list = locked.at(name);
    LockedBundle one{name, {}};
    for (std::size_t i = 0; i < list.array().size(); ++i) {
      one.versions.push_back(locked_at(list.at(i)));
    }
    if (one.versions.empty()) list.fail("names no version");
    set.locked.push_back(std::move(one));
  }
  return set;
}

SnapshotPtr snapshot_at(const JsonPlace& place) {
  Snapshot::Channels channels;
  for (const auto& [channel, set] : place.object().items()) {
    if (!is_channel_name(channel)) place.fail("'" + channel + "' is no channel");
    channels[channel] = set_at(place.at(channel));
  }
  return std::make_shared<const Snapshot>(std::move(channels));
}

} // namespace

std::string text_of(const ReleaseLog& log) {
  Json json{{"form", 1},
            {"last_id", log.last_id_},
            {"stable", log.stable_->print()},
            {"before", log.before_},
            {"followed", Json::object()},
            {"releases", Json::array()},
            {"snapshots", Json::array()},
            {"taken_back", Json::array()}};
  for (const auto& [key, one] : log.followed_) {
    json["followed"][key] = {{"version", one.version},
                             {"date", one.date.time_since_epoch().count()}};
  }
  for (const Release& one : log.releases_) json["releases"].push_back(json_of(one));
  for (const SnapshotPtr& one : log.snapshots_) json["snapshots"].push_back(json_of(*one));
  for (const auto& one : log.taken_back_) {
    json["taken_back"].push_back({{"snapshot", one.print},
                                  {"at_once", one.at_once},
                                  {"at", one.at.time_since_epoch().count()}});
  }
  if (log.candidate_) {
    json["candidate"] = {{"snapshot", log.candidate_->print()}, {"canary", json_of(*log.canary_)}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Parsed<ReleaseLog> ReleaseLog::parse(std::string_view text) {
  using Result = Parsed<ReleaseLog>;
  try {
    const Json json = bundle::json_of(text, kLargest);
    const JsonPlace root(json, "");
    if (root.at("form").number() != 1) root.fail("it is of another form");
    ReleaseLog log;
    log.last_id_ = root.at("last_id").number();
    log.snapshots_.clear();
    const JsonPlace snapshots = root.at("snapshots");
    for (std::size_t i = 0; i < snapshots.array().size(); ++i) {
      log.snapshots_.push_back(snapshot_at(snapshots.at(i)));
    }
    const auto known = [&log](const JsonPlace& place) {
      SnapshotPtr found = log.find(place.number());
      if (!found) place.fail("there is no such snapshot");
      return found;
    };
    log.stable_ = known(root.at("stable"));
    const JsonPlace before = root.at("before");
    for (std::size_t i = 0; i < before.array().size(); ++i) {
      log.before_.push_back(before.at(i).number());
    }
    const JsonPlace followed = root.at("followed");
    for (const auto& [key, value] : followed.object().items()) {
      const JsonPlace one = followed.at(key);
      log.followed_[key] = {version_at(one.at("version")), time_at(one.at("date"))};
    }
    const JsonPlace taken_back = root.at("taken_back");
    for (std::size_t i = 0; i < taken_back.array().size(); ++i) {
      const JsonPlace one = taken_back.at(i);
      log.taken_back_.push_back(
          {one.at("snapshot").number(), one.at("at_once").truth(), time_at(one.at("at"))});
    }
    const JsonPlace releases = root.at("releases");
    for (std::size_t i = 0; i < releases.array().size(); ++i) {
      log.releases_.push_back(release_at(releases.at(i)));
    }
    if (root.has("candidate")) {
      log.candidate_ = known(root.at("candidate").at("snapshot"));
      log.canary_ = canary_at(root.at("candidate").at("canary"));
    }
    return Result::good(std::move(log));
  } catch (const WrongJson& wrong) {
    return Result::bad(wrong.what());
  }
}

} // namespace selvedge::bundle
