// Differences between versions of bundles' assets (RFC 9842): which stored content clients can have
// as a dictionary, and variants made against it, one after the other and behind everybody who waits
// for content. Thread: any.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/recently_used.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/proxy/coding_jobs.hpp>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::proxy {

class Compression;
class Difference;

class Differences {
public:
  // What takes long is done as `idle` jobs, what takes locks as `jobs`.
  Differences(CodingJobs& jobs, Jobs& idle, cache::Store& store);
  // Requires: the threads of both have ended.
  ~Differences();
  Differences(const Differences&) = delete;
  Differences& operator=(const Differences&) = delete;

  // Content with that digest is stored under `key`. `place`: what is the same for all versions of
  // the asset; only what has the same is compared.
  void add(std::string_view place, const cache::ContentDigest& digest, std::string_view key);

  enum class Asker : std::uint8_t { client, release };
  struct Wanted {
    std::string key;              // of the content
    std::string vary;             // as StoredResponse has it
    std::uint64_t content_id = 0; // likewise
    cache::ContentDigest dictionary{};
    std::shared_ptr<const Compression> compression;
    base::Steady now{};
    Asker asker = Asker::client;
  };
  // Has the variant made, unless it is being made, was made or found to save too little a moment
  // ago, or the dictionary is not stored at that place.
  void want(std::string_view place, Wanted wanted);

  struct Counters {
    std::atomic<std::uint64_t> unknown{0};   // wanted against what is not stored
    std::atomic<std::uint64_t> too_large{0}; // made, and not worth it
    std::atomic<std::uint64_t> full{0};      // not begun: too many waited
  };
  const Counters& counters() const { return counters_; }

private:
  static constexpr std::size_t kMostNames = 65536;
  static constexpr std::size_t kLongestKey = 1024; // of those that are remembered, in bytes
  static constexpr std::size_t kMostKeys = 4;      // of versions that have the same content
  // Clients leave room for releases, and for other assets.
  static constexpr std::size_t kMostOfReleases = 3072;
  static constexpr std::size_t kMostOfClients = 1024;
  static constexpr std::size_t kMostOfAsset = 4;

  struct Task {
    base::Fingerprint pair; // of content and dictionary
    base::Fingerprint at_place;
    base::Fingerprint asset; // whatever its version
    std::vector<std::string> dictionary_keys;
    Wanted wanted;
  };
  // What became of a task.
  enum class End : std::uint8_t {
    begun,
    made,
    there_already,
    too_large,
    failed,
    no_content,
    no_dictionary
  };

  bool has_room(const Task& task) const;
  void begin_next();
  End begin();
  cache::StoredResponsePtr find_dictionary() const;
  void encode();
  void store();
  void end(End end);
  void note(End end);

  CodingJobs& jobs_;
  Jobs& idle_;
  cache::Store& store_;
  Counters counters_;
  // Of the job that runs; there is one at a time.
  Task task_;
  std::unique_ptr<Difference> current_;
  std::mutex mutex_;                                              // guards what follows
  base::RecentlyUsed<std::vector<std::string>> keys_{kMostNames}; // by place and digest
  base::RecentlyUsed<base::Steady> known_{kMostNames}; // pairs that are not made until then
  std::deque<Task> of_releases_;
  std::deque<Task> of_clients_;
  bool is_making_ = false;
  base::Steady latest_{}; // of the moments at which something was wanted
};

} // namespace selvedge::proxy
