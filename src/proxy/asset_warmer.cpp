#include "asset_warmer.hpp"

#include <algorithm>

namespace selvedge::proxy {

using cache::Fill;

const downstream::ClientConnection& own_connection() {
  static const downstream::ClientConnection kOwn = [] {
    downstream::ClientConnection own;
    own.peer_address = "127.0.0.1";
    own.listener = "(own)";
    return own;
  }();
  return kOwn;
}

class AssetWarmer::Fetch final : public Fill::Reader, public WakeQueue::Item {
public:
  Fetch(AssetWarmer& warmer, const Wanted& asset)
      : wanted(asset), warmer_(warmer), wakes_(warmer.place_.proxy.wakes_) {}
  ~Fetch() {
    if (fill) fill->unsubscribe(*this);
    wakes_->remove(*this);
  }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  void on_progress() override { wakes_->push(*this); }
  void resume() override { warmer_.take(*this); }

  const Wanted& wanted;
  cache::FillPtr fill;
  bool is_second = false;

private:
  AssetWarmer& warmer_;
  const std::shared_ptr<WakeQueue> wakes_;
};

AssetWarmer::AssetWarmer(Place place, std::vector<Wanted> wanted, User& user)
    : place_(std::move(place)), wanted_(std::move(wanted)), user_(user) {}
AssetWarmer::~AssetWarmer() = default;

void AssetWarmer::start() {
  begin_more();
  if (is_done()) user_.on_warmed();
}

void AssetWarmer::begin_more() {
  while (next_ < wanted_.size() && fetches_.size() < kAtOnce) {
    if (!begin(wanted_[next_++])) ++warmed_;
  }
}

// False: it is there.
bool AssetWarmer::begin(const Wanted& wanted) {
  Proxy& proxy = place_.proxy;
  base::Arena arena;
  http::RequestHead request;
  request.scheme = place_.scheme;
  request.authority = place_.authority;
  request.target = wanted.target;
  const cache::CacheKey key = cache::make_cache_key(request, place_.route->key, arena);
  const cache::StoredResponsePtr found = proxy.store_.find(key, request, cache::kLeastOwner);
  const bool is_there = found && !found->is_pass_marker() && found->status() == 200;
  // What was stored before its digest was known may be something else.
  const bool is_right = is_there && (!wanted.expected ||
                                     found->etag() == ContentCheck(*wanted.expected).entity_tag());
  if (is_right) {
    const auto standing = proxy.store_.purges().standing(found->purge_state());
    const auto decision =
        cache::decide(request, found.get(), proxy.worker_.now(), place_.route->policy, standing);
    if (decision.action == cache::Action::serve) return false;
  }
  Fetch& fetch = fetches_.emplace_back(*this, wanted);
  cache::FillTable::Joined joined = proxy.fills_.join(key, {}, fetch);
  fetch.fill = std::move(joined.fill);
  if (!joined.is_leader) {
    fetch.on_progress();
    return true;
  }
  Filler::Task task;
  task.fill = fetch.fill;
  task.routing = place_.routing;
  task.route = place_.route;
  task.bundle = wanted.bundle;
  task.expected = wanted.expected;
  task.importance = overload::Importance::background;
  Filler::start(proxy, request, own_connection(), std::move(task));
  return true;
}

void AssetWarmer::take(Fetch& fetch) {
  switch (fetch.fill->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::streaming: // nobody here reads it, and nobody waits for that
    fetch.fill->take_first(fetch);
    fetch.fill->note_consumed();
    return;
  case Fill::State::failed:
    if (fetch.fill->error().code == base::ErrorCode::cancelled && !fetch.is_second) {
      return again(fetch); // its leader had no use for it
    }
    note(fetch.wanted, std::string(base::name(fetch.fill->error().code)));
    break;
  case Fill::State::alone: // not to be stored
  case Fill::State::complete: {
    const http::Status status = fetch.fill->response()->status();
    if (status != 200) note(fetch.wanted, "the origin answers " + std::to_string(status));
    break;
  }
  }
  ++warmed_;
  fetches_.remove_if([&fetch](const Fetch& one) { return &one == &fetch; });
  begin_more();
  user_.on_warmed();
}

void AssetWarmer::again(Fetch& fetch) {
  const Wanted& wanted = fetch.wanted;
  fetches_.remove_if([&fetch](const Fetch& one) { return &one == &fetch; });
  if (begin(wanted)) {
    fetches_.back().is_second = true;
    return;
  }
  ++warmed_;
  begin_more();
  user_.on_warmed();
}

void AssetWarmer::note(const Wanted& wanted, const std::string& why) {
  if (problem_.empty()) problem_ = wanted.target + " cannot be had: " + why;
}

} // namespace selvedge::proxy
