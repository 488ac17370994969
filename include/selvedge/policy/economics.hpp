// What a worker's deliveries were worth and what they cost, by tier and bundle.
#pragma once

#include <selvedge/base/counter.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

enum class Outcome : std::uint8_t { served, shed };

// One request that has ended. Amounts are in the accounts' currency and not negative.
struct Deed {
  std::uint8_t tier = 0;
  // Names are never forgotten: of what is not known to exist, give "".
  std::string_view bundle;
  Outcome outcome = Outcome::served;
  double value = 0; // of the request: PolicySet::value_of()
  std::uint64_t sent_bytes = 0;
  std::uint64_t saved_bytes = 0;  // that it would have been more, but for codings
  std::uint64_t origin_bytes = 0; // fetched for it
  std::uint64_t stored_bytes = 0; // read from storage for it
  double origin_cost = 0;
  double storage_cost = 0;
};

// What readers get. Amounts are in millionths of the currency.
struct LedgerRow {
  std::uint8_t tier = 0;
  std::string bundle;
  std::uint64_t served = 0; // requests
  std::uint64_t shed = 0;   // likewise
  std::uint64_t sent_bytes = 0;
  std::uint64_t saved_bytes = 0;
  std::uint64_t origin_bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t value_served = 0;
  std::uint64_t value_shed = 0;
  std::uint64_t origin_cost = 0;
  std::uint64_t storage_cost = 0;

  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

// Memory is taken at the start but for the names of bundles. Thread: note() from the owner only,
// everything else from any; a row may be read between two of its numbers being added to.
class Ledger {
public:
  static constexpr std::size_t kBundles = 256;     // those after them are together under kOther
  static constexpr std::size_t kLongestName = 256; // bytes; longer ones likewise
  static constexpr std::string_view kOther = "other";

  explicit Ledger(std::size_t tiers);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Requires: the tier is one of those it was made for. Allocates for a new bundle at most.
  void note(const Deed& deed);

  // Of all of them together: by tier, then by bundle; only what was noted.
  static std::vector<LedgerRow> sum(std::span<const Ledger* const> ledgers);

private:
  // Requests are worth fractions of a millionth too: the owner keeps what is left over.
  class Amount {
  public:
    void add(double amount);
    std::uint64_t millionths() const { return whole_.value(); }

  private:
    base::Counter whole_;
    double fraction_ = 0; // the owner's
  };
  struct Account {
    base::Counter served;
    base::Counter shed;
    base::Counter sent_bytes;
    base::Counter saved_bytes;
    base::Counter origin_bytes;
    base::Counter stored_bytes;
    Amount value_served;
    Amount value_shed;
    Amount origin_cost;
    Amount storage_cost;
  };
  // The owner's way from a name to its place: open addressing, at most half full.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint16_t place = 0; // counted from 1; 0: free
  };
  static constexpr std::size_t kSlots = 2 * kBundles;
  static constexpr std::size_t kOtherPlace = kBundles;
  static constexpr std::size_t kPlaces = kBundles + 1; // of a tier

  std::size_t place_of(std::string_view bundle);
  std::size_t place_in(Slot& slot, std::uint32_t hash, std::string_view bundle);
  std::string_view name_of(std::size_t place) const;
  LedgerRow row_of(std::size_t tier, std::size_t place) const;

  std::size_t tiers_;
  std::unique_ptr<Account[]> accounts_; // kPlaces for each tier
  std::array<Slot, kSlots> slots_{};
  // A name is written once, before it is counted in known_; only names so counted are read.
  std::array<std::string, kBundles> names_;
  std::atomic<std::size_t> known_{0};
};

} // namespace selvedge::policy
