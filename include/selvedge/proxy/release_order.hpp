// What somebody wants released, and how far that has come. Thread: any.
#pragma once

#include <selvedge/bundle/release_log.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace selvedge::proxy {

struct ReleaseOrder {
  struct Bundle {
    std::string name;
    std::string selector; // a version, or what the index says that it stands for
  };
  std::vector<Bundle> bundles;
  std::vector<std::string> withdrawn; // names that are not released any more
  std::string channel{"latest"};
  std::optional<bundle::Canary> canary;
  bundle::ReleaseLog::Note note;
  bool warm = true;                      // what pages begin with is fetched first
  std::chrono::sys_seconds index_date{}; // of an order that follows the origin
};

// Where an order stands. Written by the worker that prepares it.
class ReleaseProgress {
public:
  enum class State : std::uint8_t { resolving, warming, done, failed };
  struct View {
    State state = State::resolving;
    std::string problem;       // why it failed
    std::uint64_t release = 0; // its id, when it is done
    std::size_t bundles = 0;   // versions that belong to it
    std::size_t warmed = 0;    // assets, of `to_warm`
    std::size_t to_warm = 0;
  };

  View view() const {
    const std::lock_guard lock(mutex_);
    return view_;
  }
  template <typename Write> void write(Write write) {
    const std::lock_guard lock(mutex_);
    write(view_);
  }

private:
  mutable std::mutex mutex_; // guards what follows
  View view_;
};
using ReleaseProgressPtr = std::shared_ptr<ReleaseProgress>;

std::string_view text_of(ReleaseProgress::State state);

} // namespace selvedge::proxy
