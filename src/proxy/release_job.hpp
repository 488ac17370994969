// Prepares a release: finds out which versions are meant and what they need, fetches what pages
// begin with, and then puts all of it in force at once; or says why not, and nothing has changed.
// Thread: its worker.
#pragma once

#include "asset_warmer.hpp"
#include "closure_walk.hpp"

#include <selvedge/proxy/release_order.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace selvedge::proxy {

class ReleaseJob final : private BundleCatalog::Waiter,
                         private WakeQueue::Item,
                         private AssetWarmer::User {
public:
  // Requires: the route of `place` is one of bundles.
  ReleaseJob(AssetWarmer::Place place, ReleaseOrder order, ReleaseProgressPtr progress);
  ~ReleaseJob();

  void start() { resume(); }
  bool is_over() const { return step_ == Step::over; }

private:
  enum class Step : std::uint8_t { resolve, walk, warm, put, over };

  void on_document() override { place_.proxy.wakes_->push(*this); }
  void on_warmed() override;
  void resume() override;
  Asker asker();

  bool resolve();
  void begin_walk(bool with_dependents);
  bundle::ReleasedSet new_set() const;
  bool find_closure();
  void begin_warming();
  std::vector<AssetWarmer::Wanted> beginnings() const;
  void put_in_force();
  bool is_about_others();
  void finish(const ReleaseBoard::Changed& changed);
  void fail(const std::string& problem);
  void make_differences();
  void end_following(std::optional<base::Steady> retry_at);
  void tell(const std::string& problem) const;

  const AssetWarmer::Place place_;
  BundleCatalog& catalog_;
  const std::string base_; // of the route
  ReleaseOrder order_;
  const ReleaseProgressPtr progress_;
  base::Arena arena_;
  http::RequestHead request_; // as whom documents are asked for
  Step step_ = Step::resolve;
  std::size_t resolved_ = 0; // of the order's bundles
  bundle::SnapshotPtr before_;
  std::optional<bundle::LockBuilder> closure_;
  std::vector<std::string> unchanged_; // released before, and to stay as they are
  bool has_dependents_ = false;        // of what changes are walked, too
  int turns_ = 0;                      // something else was released meanwhile
  std::optional<AssetWarmer> warmer_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

} // namespace selvedge::proxy
