#include <selvedge/base/file_text.hpp>
#include <selvedge/proxy/purge.hpp>
#include <selvedge/proxy/release_board.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <unistd.h>

namespace selvedge::proxy {

namespace {

// Whole or not at all, also where the machine stops in between. Empty, or what went wrong.
std::string write_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const auto failed = [&fresh](const char* what) {
    return fresh + ": " + what + ": " + std::strerror(errno);
  };
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file < 0) return failed("cannot be written");
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  std::string problem;
  if (!text.empty() || ::fsync(file) != 0) problem = failed("cannot be written");
  ::close(file);
  if (problem.empty() && std::rename(fresh.c_str(), path.c_str()) != 0) {
    problem = failed("cannot take the place of the old one");
  }
  if (!problem.empty()) ::unlink(fresh.c_str());
  return problem;
}

// Nothing where there is no file.
std::optional<bundle::ReleaseLog> log_in(const std::string& path) {
  if (path.empty()) return std::nullopt;
  auto text = base::file_text(path, bundle::ReleaseLog::kLargest + 1);
  if (!text && text.error() == boost::system::errc::no_such_file_or_directory) return std::nullopt;
  if (!text) throw std::runtime_error(path + ": cannot be read: " + text.error().message());
  auto parsed = bundle::ReleaseLog::parse(*text);
  if (!parsed) throw std::runtime_error(path + ": is no log of releases: " + parsed.problem);
  return std::move(*parsed.value);
}

// What fits into the file; what is known longest goes first.
std::string fitting_text(bundle::ReleaseLog& log) {
  std::string text = text_of(log);
  while (text.size() > bundle::ReleaseLog::kLargest && log.forget_oldest()) text = text_of(log);
  return text;
}

} // namespace

ReleaseBoard::ReleaseBoard(std::string file, const Keeping& keeping, LogPtr log)
    : file_(std::move(file)), keeping_(keeping), log_(std::move(log)) {
  auto found = log_in(file_);
  if (found && log_ && log_->last_id() > found->last_id())
    found.reset(); // what is in force is newer
  if (found) {
    log_ = std::make_shared<const bundle::ReleaseLog>(std::move(*found));
  } else if (!log_) {
    log_ = std::make_shared<const bundle::ReleaseLog>();
  }
  mark_live(*log_);
}

std::string ReleaseBoard::save() {
  const std::lock_guard one_at_a_time(changing_);
  const LogPtr log = this->log();
  if (file_.empty() || log->releases().empty()) return {};
  return write_file(file_, text_of(*log));
}

ReleaseBoard::~ReleaseBoard() {
  for (const cache::TagPtr& tag : live_) cache::PurgeIndex::set_live(tag, false);
}

ReleaseBoard::LogPtr ReleaseBoard::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

ReleaseBoard::Changed ReleaseBoard::change(const Change& change) {
  const std::lock_guard one_at_a_time(changing_);
  auto changed = change(*log());
  if (!changed) return {nullptr, changed.problem};
  if (!file_.empty()) {
    std::string problem = write_file(file_, fitting_text(*changed.value));
    if (!problem.empty()) return {nullptr, std::move(problem)};
  }
  auto fresh = std::make_shared<const bundle::ReleaseLog>(std::move(*changed.value));
  {
    const std::lock_guard lock(mutex_);
    log_ = fresh;
  }
  generation_.fetch_add(1, std::memory_order_release);
  mark_live(*fresh);
  return {std::move(fresh), {}};
}

bool ReleaseBoard::begin_following(const std::string& what, base::Steady now) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = following_.try_emplace(what, base::Steady::max());
  if (!is_new && now < at->second) return false;
  at->second = base::Steady::max();
  return true;
}

void ReleaseBoard::end_following(const std::string& what, std::optional<base::Steady> retry_at) {
  const std::lock_guard lock(mutex_);
  if (retry_at) {
    following_[what] = *retry_at;
  } else {
    following_.erase(what);
  }
}

void ReleaseBoard::mark_live(const bundle::ReleaseLog& log) {
  if (keeping_.purges == nullptr) return;
  std::vector<cache::TagPtr> live;
  for (const bundle::SnapshotPtr& snapshot : log.held(keeping_.session)) {
    for (const auto& [channel, set] : snapshot->channels()) {
      for (const bundle::LockedBundle& one : set.locked) {
        for (const bundle::LockedVersion& version : one.versions) {
          live.push_back(
              keeping_.purges->intern(cache::TagKind::bundle, one.name + '@' + version.text));
        }
      }
    }
  }
  std::sort(live.begin(), live.end());
  live.erase(std::unique(live.begin(), live.end()), live.end());
  // What stays live is so all the time.
  for (const cache::TagPtr& tag : live) cache::PurgeIndex::set_live(tag, true);
  for (const cache::TagPtr& tag : live_) cache::PurgeIndex::set_live(tag, false);
  live_ = std::move(live);
}

namespace {

using Dependents = std::map<std::string, std::vector<std::string>>; // "NAME@VERSION"

void add_needs(const bundle::ReleasedSet& set, Dependents& to) {
  for (const bundle::LockedBundle& one : set.locked) {
    for (const bundle::LockedVersion& version : one.versions) {
      for (const bundle::LockedNeed& need : version.needs) {
        to[need.name + '@' + need.version].push_back(one.name + '@' + version.text);
      }
    }
  }
}

} // namespace

PurgeRequest with_dependents(PurgeRequest request, const ReleaseBoards& boards) {
  if (request.bundles.empty()) return request;
  Dependents dependents;
  for (const auto& [route, board] : boards.by_route) {
    const ReleaseBoard::LogPtr log = board->log();
    for (const bundle::SnapshotPtr& snapshot : log->held(board->session())) {
      for (const auto& [channel, set] : snapshot->channels()) add_needs(set, dependents);
    }
  }
  std::set<std::string> found(request.bundles.begin(), request.bundles.end());
  std::vector<std::string> next(found.begin(), found.end());
  while (!next.empty()) {
    const auto by = dependents.find(next.back());
    next.pop_back();
    if (by == dependents.end()) continue;
    for (const std::string& one : by->second) {
      if (found.insert(one).second) next.push_back(one);
    }
  }
  request.bundles.assign(found.begin(), found.end());
  return request;
}

const std::shared_ptr<ReleaseBoard>& board_of(ReleaseBoards& boards, const std::string& route,
                                              const std::string& file,
                                              std::chrono::seconds session) {
  for (const auto& [other, board] : boards.by_route) {
    if (!file.empty() && other != route && board->file() == file) {
      throw std::runtime_error(file + ": keeps the releases of " + other + " already");
    }
  }
  const auto found = boards.by_route.find(route);
  if (found != boards.by_route.end() && found->second->file() == file) return found->second;
  const ReleaseBoard::LogPtr before =
      found != boards.by_route.end() ? found->second->log() : nullptr;
  auto made =
      std::make_shared<ReleaseBoard>(file, ReleaseBoard::Keeping{boards.purges, session}, before);
  return boards.by_route[route] = std::move(made);
}

} // namespace selvedge::proxy
