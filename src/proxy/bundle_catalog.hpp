// What an origin says about its bundles, on one worker: the indexes and manifests that were asked
// for lately, and what selectors stand for by them. An index that is no longer fresh is used on
// while another is fetched, and for BundleOptions::index_stale while the origin is away. Each route
// of bundles has its own; a reload makes another, which finds them in the store.
// Thread: its worker.
#pragma once

#include "bundle_request.hpp"
#include "document_fetch.hpp"

#include <selvedge/bundle/session_pin.hpp>
#include <selvedge/proxy/release_order.hpp>
#include <selvedge/proxy/routing.hpp>

#include <boost/intrusive/list.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace selvedge::proxy {

class BundleCatalog {
public:
  static constexpr std::size_t kMostDocuments = 4096;  // those asked for longest ago go first
  static constexpr std::size_t kMostBytes = 64u << 20; // of all their texts
  static constexpr std::size_t kMostSelectors = 64;    // of a bundle, whose choice is remembered
  static constexpr std::size_t kMostMade = 256;        // texts that were made
  static constexpr std::size_t kMostRead = 1024;       // selectors of all, that were read
  static constexpr std::chrono::seconds kAbsent{10};   // what is not there is looked for again
  // Of what is no exact version: longer ones stand for nothing, before anything is done for them.
  static constexpr std::size_t kLongestSelector = 64;

  // `route` is what the catalog belongs to: documents are fetched and stored by its rules. Throws
  // std::runtime_error that names the file when the keys of sessions cannot be read.
  BundleCatalog(const Route& route, const BundleOptions& options,
                std::shared_ptr<ReleaseBoard> board);
  ~BundleCatalog();
  BundleCatalog(const BundleCatalog&) = delete;
  BundleCatalog& operator=(const BundleCatalog&) = delete;

  const BundleOptions& options() const { return options_; }
  // Takes what says how long an answer may be kept.
  const HeaderRules& without_lifetime() const { return *without_lifetime_; }
  const std::shared_ptr<ReleaseBoard>& board() const { return board_; }
  // As it is now; until the next call.
  const bundle::ReleaseLog& releases();

  // What is written behind the '@', as it was read; remembered, so that it costs nothing to ask
  // again. It lives until the next call.
  struct Selector {
    std::optional<bundle::VersionRange> range; // none: it is a channel, "" the default one
  };
  const Selector& selector(std::string_view text);
  // What a snapshot says that it stands for; empty: nothing. A view into the snapshot.
  std::string_view released(const bundle::Snapshot& snapshot, const BundleRequest& wanted);

  // Null: there are no sessions.
  const bundle::PinKeys* pin_keys() const { return pin_keys_ ? &*pin_keys_ : nullptr; }

  class Waiter : public boost::intrusive::list_base_hook<
                     boost::intrusive::tag<Waiter>,
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    // Ask again now.
    virtual void on_document() = 0;
    void stop_waiting() { unlink(); }

  protected:
    ~Waiter() = default;
  };

  enum class Outcome : std::uint8_t {
    found,
    absent,  // no such bundle, or no version of it is what was asked for
    failed,  // the origin did not say, or what it said is wrong
    pending, // the waiter is told when it is known
  };
  struct Found {
    Outcome outcome = Outcome::pending;
    std::string_view version; // of what was found; until the next call
    base::Error error{};      // why it failed
  };
  // Whether find() would know without asking anybody.
  bool is_known(const Asker& asker, const BundleRequest& wanted);
  // Requires: the selector is no exact version; the waiter does not wait.
  Found find(const Asker& asker, const BundleRequest& wanted, Waiter& waiter);

  struct Document {
    Outcome outcome = Outcome::pending;
    const BundleDocument* document = nullptr; // when it was found; until the next call
    base::Error error{};                      // why it failed
    std::string_view problem;                 // and, where the origin has one, what is wrong
  };
  // The index of a bundle, or the manifest of a version. `base`: of the route, see BundleRequest.
  // Nobody waits where there is no waiter, but it is fetched.
  Document document(const Asker& asker, std::string_view base, const DocumentName& name,
                    Waiter* waiter);

  // The key of a document: other hosts may have other bundles of that name, and so may whatever
  // else the route's rules tell apart.
  std::string_view key_of(const Asker& asker, std::string_view target, base::Arena& arena) const;
  // What a channel has come to stand for at the origin, when that is to be released here; whoever
  // is told does it. Looked at once a second for each that is asked for.
  std::optional<ReleaseOrder> to_follow(const Asker& asker, const BundleRequest& wanted);

  // A text that was made of documents, under its key; null: there is none, or it is too old.
  using MadePtr = std::shared_ptr<const std::string>;
  MadePtr made(std::string_view key) const;
  void remember(std::string_view key, MadePtr text);

private:
  struct Made {
    MadePtr text;
    base::Steady until{};
  };
  struct Text {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Waiters =
      boost::intrusive::list<Waiter,
                             boost::intrusive::base_hook<boost::intrusive::list_base_hook<
                                 boost::intrusive::tag<Waiter>,
                                 boost::intrusive::link_mode<boost::intrusive::auto_unlink>>>,
                             boost::intrusive::constant_time_size<false>>;
  struct Known final : boost::intrusive::list_base_hook<>, DocumentFetch::User {
    explicit Known(BundleCatalog& c) : catalog(c) {}
    void on_document(FetchedDocument fetched) override { catalog.take(*this, std::move(fetched)); }
    bool has_document() const { return document.index() != 0; }

    BundleCatalog& catalog;
    std::string_view key; // that it has in documents_
    bool is_index = true;
    BundleDocument document;
    std::size_t bytes = 0;           // of its text
    std::chrono::sys_seconds date{}; // when the origin said it
    base::Error error{};             // why there is none; no error: the origin has none
    std::string problem;
    std::unique_ptr<cache::PurgeState> purge_state; // of the document; null: none
    bool is_told = false;                           // one of these is known
    base::Steady fresh_until{};
    base::Steady usable_until{};
    // Of an index: what selectors stand for; null: no version.
    std::unordered_map<std::string, const bundle::IndexedVersion*, Text, std::equal_to<>> chosen;
    std::unique_ptr<DocumentFetch> fetch; // under way
    Waiters waiters;
  };

  // Looked up, and fetched where that is to be; the waiter waits where it is pending.
  Known& look(const Asker& asker, std::string_view base, const DocumentName& name, Waiter* waiter);
  const Known* index_to_follow(const Asker& asker, const BundleRequest& wanted,
                               std::string_view channel);
  Known& known(std::string_view key);
  Outcome state_of(const Known& of) const;
  Outcome outcome_of(const Known& of) const;
  cache::Standing standing_of(const Known& of) const;
  void forget(Known& of);
  void make_room(const Known* spared);
  void fetch(Known& of, const Asker& asker, std::string_view target, const DocumentName& name);
  void take(Known& of, FetchedDocument fetched);
  void take_document(Known& of, FetchedDocument fetched);
  void replace(Known& of, BundleDocument document, std::size_t bytes);
  static const bundle::IndexedVersion* choose(Known& of, std::string_view selector);

  const BundleOptions options_;
  const std::shared_ptr<ReleaseBoard> board_;
  std::uint64_t generation_ = 0; // of the log
  ReleaseBoard::LogPtr log_;
  std::unordered_map<std::string, Selector, Text, std::equal_to<>> selectors_;
  std::unordered_map<std::string, Made, Text, std::equal_to<>> made_;
  std::size_t made_bytes_ = 0; // since they were cleared
  std::unordered_map<std::string, base::Steady, Text, std::equal_to<>> followed_; // next time
  std::unique_ptr<Route> index_route_;
  std::unique_ptr<Route> manifest_route_;
  std::shared_ptr<const HeaderRules> without_lifetime_;
  std::optional<bundle::PinKeys> pin_keys_; // none: there are no sessions
  net::Worker* worker_ = nullptr;           // of whoever asked first
  net::HelperThreads* helper_ = nullptr;
  const cache::PurgeIndex* purges_ = nullptr;
  ProxyCounters* counters_ = nullptr;
  std::size_t bytes_ = 0; // of all documents
  std::unordered_map<std::string, Known, Text, std::equal_to<>> documents_;
  boost::intrusive::list<Known> by_use_; // the longest ago in front
};

} // namespace selvedge::proxy
