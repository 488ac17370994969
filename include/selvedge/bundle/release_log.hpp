// What was released, by whom, when and why; what selectors stand for now; and who tries what is to
// be released next. A value: each change makes another, so that whoever has one sees all of a
// release or nothing of it. Thread: any.
//
//   publish             a snapshot comes into force, or becomes the candidate of a canary
//   promote             the candidate comes into force, or more sessions get it
//   rollback            the candidate goes; or, without one, the snapshot before comes back
#pragma once

#include <selvedge/bundle/parsed.hpp>
#include <selvedge/bundle/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

enum class ReleaseKind : std::uint8_t { publish, promote, rollback, origin };
std::string_view text_of(ReleaseKind kind);

// Which sessions get the candidate: of those in one of the tiers (any, when none is named) and in
// one of the regions (likewise) so many of a thousand, by the session's id.
struct Canary {
  std::uint32_t permille = 1000;
  std::vector<std::string> tiers{};
  std::vector<std::string> regions{};

  friend bool operator==(const Canary&, const Canary&) = default;
};

// Who asks.
struct SessionTraits {
  std::uint64_t id = 0;
  std::string_view tier;
  std::string_view region;
};

struct ReleaseChange {
  std::string name;
  std::string from; // empty: it was not released before
  std::string to;   // empty: it is not any more

  friend bool operator==(const ReleaseChange&, const ReleaseChange&) = default;
};

struct Release {
  std::uint64_t id = 0; // counted from 1
  ReleaseKind kind = ReleaseKind::publish;
  std::chrono::sys_seconds at{};
  std::string who;
  std::string why;
  std::string channel;
  std::vector<ReleaseChange> changes;
  std::optional<Canary> canary; // it is tried, and not in force for all
  std::uint64_t snapshot = 0;   // the print of what selectors stand for by it
};

struct FollowedChannel {
  std::string version;
  std::chrono::sys_seconds date{}; // of the index that said so
};

class ReleaseLog {
public:
  static constexpr std::size_t kMostReleases = 256; // the oldest is forgotten
  // That sessions may still hold, the last ones.
  static constexpr std::size_t kMostSnapshots = 64;
  static constexpr std::size_t kLongestText = 500;    // of who and why, in characters
  static constexpr std::size_t kLargest = 64u << 20;  // bytes of its text
  static constexpr std::size_t kMostBundles = 20'000; // of a set

  static constexpr std::string_view kInForce = "that is in force already";

  ReleaseLog();

  struct Note {
    std::chrono::sys_seconds at{};
    std::string who;
    std::string why;
    ReleaseKind kind = ReleaseKind::publish; // or origin: of publish() alone
  };
  // `set` is all of the channel from now on. Bad when a candidate is tried, or nothing changes.
  // What the origin is the first to release is not what a rollback takes back.
  Parsed<ReleaseLog> publish(const Note& note, const std::string& channel, ReleasedSet set,
                             std::optional<Canary> canary) const;
  // With `wider` the candidate goes on as such, for those.
  Parsed<ReleaseLog> promote(const Note& note, std::optional<Canary> wider) const;
  // Sessions that hold what is taken back keep it while a page lasts, or lose it `at_once`.
  Parsed<ReleaseLog> rollback(const Note& note, bool at_once) const;

  // What a channel stood for at the origin when that was last released or looked at here; null: it
  // never was.
  const FollowedChannel* followed(std::string_view channel, std::string_view name) const;
  ReleaseLog following(const std::string& channel, const std::string& name,
                       FollowedChannel origin) const;
  // Without the snapshot that is known longest and is not in force. False: there is none.
  bool forget_oldest();

  const SnapshotPtr& stable() const { return stable_; }
  const SnapshotPtr& candidate() const { return candidate_; } // null: none is tried
  const std::optional<Canary>& canary() const { return canary_; }
  std::uint64_t last_id() const { return last_id_; }                 // of the last release
  const std::vector<Release>& releases() const { return releases_; } // the newest last
  // What a session without one gets.
  const SnapshotPtr& choose(const SessionTraits& session) const;
  // One that sessions may hold; null: it is not known any more.
  SnapshotPtr find(std::uint64_t print) const;
  const std::vector<SnapshotPtr>& snapshots() const { return snapshots_; } // that are known
  // Those that are in force or tried, or that sessions of that length may hold by the time of the
  // last release.
  std::vector<SnapshotPtr> held(std::chrono::seconds session) const;
  struct Hold {
    enum Kind : std::uint8_t {
      keeps,     // what the session has
      page_long, // it was taken back `at` that time: until another page begins
      nothing,   // it was taken back at once
      unknown,
    };
    Kind kind = unknown;
    std::chrono::sys_seconds at{};
  };
  Hold hold_of(std::uint64_t print) const;

  static Parsed<ReleaseLog> parse(std::string_view json);
  friend std::string text_of(const ReleaseLog& log);

private:
  struct TakenBack {
    std::uint64_t print = 0;
    bool at_once = false;
    std::chrono::sys_seconds at{};
  };
  void add(const Note& note, ReleaseKind kind, const Snapshot& from, const Snapshot& to,
           std::optional<Canary> canary);
  void keep(SnapshotPtr snapshot);
  void replace_stable(SnapshotPtr snapshot);
  void allow_again(std::uint64_t print);
  void take_back(std::uint64_t print, bool at_once, std::chrono::sys_seconds at);

  std::uint64_t last_id_ = 0;
  SnapshotPtr stable_;
  SnapshotPtr candidate_;
  std::optional<Canary> canary_;
  std::vector<std::uint64_t> before_; // prints of what was stable, the last one last
  std::map<std::string, FollowedChannel, std::less<>> followed_; // "NAME:CHANNEL"
  std::vector<SnapshotPtr> snapshots_;
  std::vector<TakenBack> taken_back_;
  std::vector<Release> releases_;
};

std::string text_of(const ReleaseLog& log);

} // namespace selvedge::bundle
