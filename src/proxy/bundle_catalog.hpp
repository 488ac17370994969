// What selectors of bundles stand for, on one worker: the indexes that were asked for lately, and
// what was chosen of them. An index that is no longer fresh is used on while another is fetched,
// and for BundleOptions::index_stale while the origin is away. Each route of bundles has its own;
// a reload makes another, which finds the indexes in the store. Thread: its worker.
#pragma once

#include "bundle_request.hpp"
#include "index_fetch.hpp"

#include <selvedge/bundle/session_pin.hpp>
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
  static constexpr std::size_t kMostNames = 4096;   // those asked for longest ago go first
  static constexpr std::size_t kMostSelectors = 64; // of a bundle, whose choice is remembered
  // Of what is no exact version: longer ones stand for nothing, before anything is done for them.
  static constexpr std::size_t kLongestSelector = 64;

  // `route` is what the catalog belongs to: indexes are fetched and stored by its rules. Throws
  // std::runtime_error that names the file when the keys of sessions cannot be read.
  BundleCatalog(const Route& route, const BundleOptions& options);
  ~BundleCatalog();
  BundleCatalog(const BundleCatalog&) = delete;
  BundleCatalog& operator=(const BundleCatalog&) = delete;

  const BundleOptions& options() const { return options_; }
  // Takes what says how long an answer may be kept.
  const HeaderRules& without_lifetime() const { return *without_lifetime_; }
  // Null: there are no sessions.
  const bundle::PinKeys* pin_keys() const { return pin_keys_ ? &*pin_keys_ : nullptr; }

  class Waiter : public boost::intrusive::list_base_hook<
                     boost::intrusive::tag<Waiter>,
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    // Ask again now.
    virtual void on_index() = 0;
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
  bool is_known(const IndexAsker& asker, const BundleRequest& wanted);
  // Requires: the selector is no exact version; the waiter does not wait.
  Found find(const IndexAsker& asker, const BundleRequest& wanted, Waiter& waiter);

private:
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
  struct Known final : boost::intrusive::list_base_hook<>, IndexFetch::User {
    explicit Known(BundleCatalog& c) : catalog(c) {}
    void on_index(FetchedIndex fetched) override { catalog.take(*this, std::move(fetched)); }

    BundleCatalog& catalog;
    std::string_view key;                             // that it has in names_
    std::shared_ptr<const bundle::BundleIndex> index; // null: none
    base::Error error{};                              // why; none: there is no such bundle
    bool is_told = false;                             // one of both is known
    base::Steady fresh_until{};
    base::Steady usable_until{};
    // What selectors stand for; null: no version.
    std::unordered_map<std::string, const bundle::IndexedVersion*, Text, std::equal_to<>> chosen;
    std::unique_ptr<IndexFetch> fetch; // under way
    Waiters waiters;
  };

  // The key of its index: other hosts may have other bundles of that name, and so may whatever
  // else the route's rules tell apart.
  std::string_view key_of(const IndexAsker& asker, const BundleRequest& wanted,
                          base::Arena& arena) const;
  Known& known(std::string_view key);
  Outcome state_of(const Known& of) const;
  void make_room();
  void fetch(Known& of, const IndexAsker& asker, const BundleRequest& wanted);
  void take(Known& of, FetchedIndex fetched);
  static const bundle::IndexedVersion* choose(Known& of, std::string_view selector);

  const BundleOptions options_;
  std::unique_ptr<Route> index_route_;
  std::shared_ptr<const HeaderRules> without_lifetime_;
  std::optional<bundle::PinKeys> pin_keys_; // none: there are no sessions
  net::Worker* worker_ = nullptr;           // of whoever asked first
  ProxyCounters* counters_ = nullptr;
  std::unordered_map<std::string, Known, Text, std::equal_to<>> names_;
  boost::intrusive::list<Known> by_use_; // the longest ago in front
};

} // namespace selvedge::proxy
