// Obtains what an origin says about a bundle, its index or the manifest of a version, as any
// response is obtained: from the store, from a fill that is under way, or from the origin; so all
// workers and restarts of the catalog share one. It is read as it comes and parsed when it is
// there, large ones on the helper thread. Thread: the worker of its catalog.
#pragma once

#include "filler.hpp"
#include "wake_queue.hpp"

#include <selvedge/bundle/index.hpp>
#include <selvedge/bundle/manifest.hpp>

#include <memory>
#include <string>
#include <variant>

namespace selvedge::proxy {

// Who asks, and on whose behalf; used before the call returns that it is given to.
struct Asker {
  Proxy& proxy;
  const std::shared_ptr<const Routing>& routing;
  const http::RequestHead& request; // its scheme, authority, and what the route's key names
  const downstream::ClientConnection& client;
  base::Arena& arena; // of the request
  overload::Importance importance;
};

struct DocumentName {
  std::string_view bundle;
  std::string_view version; // whose manifest it is; empty: the index

  bool is_index() const { return version.empty(); }
};

using BundleDocument = std::variant<std::monostate, std::shared_ptr<const bundle::BundleIndex>,
                                    std::shared_ptr<const bundle::Manifest>>; // none: there is none

struct FetchedDocument {
  BundleDocument document;
  // Why there is none; no error: the origin has none. With a document: it is the last one that the
  // store had.
  base::Error error{};
  std::string problem;  // what is wrong with what the origin has
  base::Seconds ttl{0}; // for which it may be used; negative for one that is too old
  std::size_t bytes = 0;
  std::chrono::sys_seconds date{}; // when the origin said it
  cache::Tags tags;                // by which it is purged, and when it was born
  cache::PurgeEpoch born = 0;
};

class DocumentFetch final : private cache::Fill::Reader, private WakeQueue::Item {
public:
  static constexpr std::size_t kLargest = 16 << 20; // bytes

  class User {
  public:
    // Once. The fetch may be destroyed by it.
    virtual void on_document(FetchedDocument fetched) = 0;

  protected:
    ~User() = default;
  };

  // `route` is that of such documents, and outlives this. One that is older than `lifetime` is
  // asked for again even when the origin gave it a longer one.
  DocumentFetch(const Route& route, base::Seconds lifetime, User& user)
      : route_(route), lifetime_(lifetime), user_(user) {}
  ~DocumentFetch();

  // The user may be told before this returns.
  void start(const Asker& asker, std::string_view target, const DocumentName& name);

private:
  // What is made of its text, elsewhere; it outlives the fetch that is not wanted any more.
  struct Parsing;

  void on_progress() override { wakes_->push(*this); }
  void resume() override;

  void take_key_fields(const http::FieldList& fields);
  bool serve_from_store(const Asker& asker);
  void take_stored(const cache::StoredResponse& stored);
  void ask(const Asker& asker);
  void take_fill();
  void read();
  void refuse_size();
  void finish();
  void parse();
  void take_parsed(Parsing& parsed);
  void forget_response();
  void fail(base::Error error);
  void leave();

  const Route& route_;
  const base::Seconds lifetime_;
  User& user_;
  std::shared_ptr<WakeQueue> wakes_;
  cache::Store* store_ = nullptr;
  net::Worker* worker_ = nullptr;
  net::HelperThreads* helper_ = nullptr;
  base::Arena arena_;
  http::RequestHead request_;
  DocumentName name_;
  cache::CacheKey key_;
  cache::FillPtr fill_;
  boost::intrusive_ptr<const cache::StoredResponse> response_; // that is read
  cache::StoredResponsePtr stale_; // what the store has, for when the origin is away
  base::Error error_{};            // why it is read after all
  base::Seconds ttl_{0};
  cache::BodyReader reader_;
  std::string text_;
  std::shared_ptr<Parsing> parsing_;
};

} // namespace selvedge::proxy
