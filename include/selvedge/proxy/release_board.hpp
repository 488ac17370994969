// What was released on a route of bundles, seen by all workers, and kept in a file over restarts. A
// change is in force for every request that comes after it: workers compare a number, and take the
// new log when that is another. Thread: any.
#pragma once

#include <selvedge/bundle/release_log.hpp>
#include <selvedge/cache/purge_index.hpp>

#include <selvedge/base/clock.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace selvedge::proxy {

class ReleaseBoard {
public:
  using LogPtr = std::shared_ptr<const bundle::ReleaseLog>;

  // What the cache keeps for sessions: versions that are released, or were while sessions lasted.
  struct Keeping {
    cache::PurgeIndex* purges = nullptr; // of the cache; outlives the board; null: there is none
    std::chrono::seconds session{0};     // how long one lasts
  };
  // Empty: it is kept nowhere. A file that is not there is made by the first change. Throws
  // std::runtime_error that names the file where it is none of ours.
  // `log` is what it begins with, unless the file has a newer one; null: nothing was released.
  ReleaseBoard(std::string file, const Keeping& keeping, LogPtr log = nullptr);
  ~ReleaseBoard();
  ReleaseBoard(const ReleaseBoard&) = delete;
  ReleaseBoard& operator=(const ReleaseBoard&) = delete;

  const std::string& file() const { return file_; }
  std::chrono::seconds session() const { return keeping_.session; }
  // Of the log; it only grows.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  LogPtr log() const;

  using Change = std::function<bundle::Parsed<bundle::ReleaseLog>(const bundle::ReleaseLog&)>;
  struct Changed {
    LogPtr log;          // null: nothing has changed
    std::string problem; // why
  };
  // Writes what it began with. Empty, or what went wrong; the next change writes it again.
  std::string save();
  // One at a time; it writes the file, and is in force when this returns.
  Changed change(const Change& change);

  // Whether the caller is to release what a channel has come to stand for at the origin: not while
  // another does, nor for a while after it could not be. Followed by end_following().
  bool begin_following(const std::string& what, base::Steady now);
  // `retry_at`: not before then; none: it was done.
  void end_following(const std::string& what, std::optional<base::Steady> retry_at);

private:
  void mark_live(const bundle::ReleaseLog& log);

  const std::string file_;
  const Keeping keeping_;
  std::atomic<std::uint64_t> generation_{1};
  mutable std::mutex changing_; // held while a change is made and written; guards what follows
  std::vector<cache::TagPtr> live_;
  mutable std::mutex mutex_; // guards what follows
  LogPtr log_;
  std::map<std::string, base::Steady> following_; // when it may be tried again
};

// For begin_following().
inline std::string following_key(std::string_view name, std::string_view channel) {
  return std::string(name) + ':' + std::string(channel);
}

struct PurgeRequest;

// By "site/route". They outlive reloads.
struct ReleaseBoards {
  std::map<std::string, std::shared_ptr<ReleaseBoard>> by_route;
  cache::PurgeIndex* purges = nullptr; // see ReleaseBoard::Keeping
};

// That of a route; made where there is none, or where it is kept elsewhere now. Throws as above,
// and where the file is that of another route.
const std::shared_ptr<ReleaseBoard>& board_of(ReleaseBoards& boards, const std::string& route,
                                              const std::string& file,
                                              std::chrono::seconds session);

// A purge of versions reaches what was released with them in it.
PurgeRequest with_dependents(PurgeRequest request, const ReleaseBoards& boards);

} // namespace selvedge::proxy
