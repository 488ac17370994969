// Obtains the index of a bundle as any response is obtained: from the store, from a fill that is
// under way, or from the origin; so all workers and restarts of the catalog share one. It is read
// as it comes and parsed when it is there. Thread: the worker of its catalog.
#pragma once

#include "filler.hpp"
#include "wake_queue.hpp"

#include <selvedge/bundle/index.hpp>

#include <memory>
#include <string>

namespace selvedge::proxy {

// Who asks, and on whose behalf; used before start() returns.
struct IndexAsker {
  Proxy& proxy;
  const std::shared_ptr<const Routing>& routing;
  const http::RequestHead& request; // its scheme, authority, and what the route's key names
  const downstream::ClientConnection& client;
  base::Arena& arena; // of the request
  overload::Importance importance;
};

struct FetchedIndex {
  std::shared_ptr<const bundle::BundleIndex> index; // null: there is none
  // Why; none: the origin has no such bundle. With an index: it is the last one that the store had.
  base::Error error{};
  std::string problem;  // what is wrong with what the origin has
  base::Seconds ttl{0}; // for which it may be used; negative for one that is too old
};

class IndexFetch final : private cache::Fill::Reader, private WakeQueue::Item {
public:
  static constexpr std::size_t kLargest = 4 << 20; // bytes: it is parsed on the worker

  class User {
  public:
    // Once. The fetch may be destroyed by it.
    virtual void on_index(FetchedIndex fetched) = 0;

  protected:
    ~User() = default;
  };

  // `route` is that of indexes, and outlives this. An index that is older than `lifetime` is asked
  // for again even when the origin gave it a longer one.
  IndexFetch(const Route& route, base::Seconds lifetime, User& user)
      : route_(route), lifetime_(lifetime), user_(user) {}
  ~IndexFetch() { leave(); }

  // The user may be told before this returns.
  void start(const IndexAsker& asker, std::string_view target, std::string_view name);

private:
  void on_progress() override { wakes_->push(*this); }
  void resume() override;

  void take_key_fields(const http::FieldList& fields);
  bool serve_from_store(const IndexAsker& asker);
  void ask(const IndexAsker& asker);
  void take_fill();
  void read();
  void finish();
  bundle::Parsed<bundle::BundleIndex> parse(std::string_view text) const;
  void forget_response();
  void fail(base::Error error);
  void leave();

  const Route& route_;
  const base::Seconds lifetime_;
  User& user_;
  std::shared_ptr<WakeQueue> wakes_;
  cache::Store* store_ = nullptr;
  net::Worker* worker_ = nullptr;
  base::Arena arena_;
  http::RequestHead request_;
  std::string_view name_;
  cache::CacheKey key_;
  cache::FillPtr fill_;
  boost::intrusive_ptr<const cache::StoredResponse> response_; // that is read
  cache::StoredResponsePtr stale_; // what the store has, for when the origin is away
  base::Error error_{};            // why it is read after all
  cache::BodyReader reader_;
  std::string text_;
};

} // namespace selvedge::proxy
