#include <selvedge/policy/economics.hpp>

#include <selvedge/base/assert.hpp>
#include <selvedge/base/fingerprint.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace selvedge::policy {

namespace {

constexpr double kMillion = 1e6;
constexpr double kMostAtOnce = 1e15; // millionths: nothing real, but a number that can be counted

void add(LedgerRow& sum, const LedgerRow& row) {
  sum.served += row.served;
  sum.shed += row.shed;
  sum.sent_bytes += row.sent_bytes;
  sum.saved_bytes += row.saved_bytes;
  sum.origin_bytes += row.origin_bytes;
  sum.stored_bytes += row.stored_bytes;
  sum.value_served += row.value_served;
  sum.value_shed += row.value_shed;
  sum.origin_cost += row.origin_cost;
  sum.storage_cost += row.storage_cost;
}

} // namespace

void Ledger::Amount::add(double amount) {
  if (!(amount > 0)) return;
  const double sum = fraction_ + std::min(amount * kMillion, kMostAtOnce);
  const auto whole = static_cast<std::uint64_t>(sum);
  fraction_ = sum - static_cast<double>(whole);
  whole_.add(whole);
}

Ledger::Ledger(std::size_t tiers)
    : tiers_(tiers), accounts_(std::make_unique<Account[]>(tiers * kPlaces)) {}

std::size_t Ledger::place_of(std::string_view bundle) {
  if (bundle == kOther || bundle.size() > kLongestName) return kOtherPlace;
  const auto hash = static_cast<std::uint32_t>(base::fingerprint(bundle).low);
  for (std::size_t at = hash % kSlots;; at = (at + 1) % kSlots) {
    Slot& slot = slots_[at];
    if (slot.place == 0) return place_in(slot, hash, bundle);
    if (slot.hash == hash && names_[slot.place - 1u] == bundle) return slot.place - 1u;
  }
}

// Of a new bundle, whose free slot this is.
std::size_t Ledger::place_in(Slot& slot, std::uint32_t hash, std::string_view bundle) {
  const std::size_t place = known_.load(std::memory_order_relaxed);
  if (place == kBundles) return kOtherPlace;
  names_[place] = bundle;
  slot = {hash, static_cast<std::uint16_t>(place + 1)};
  known_.store(place + 1, std::memory_order_release);
  return place;
}

void Ledger::note(const Deed& deed) {
  SELVEDGE_ASSERT(deed.tier < tiers_);
  Account& account = accounts_[deed.tier * kPlaces + place_of(deed.bundle)];
  if (deed.outcome == Outcome::served) {
    account.served.add();
    account.value_served.add(deed.value);
  } else {
    account.shed.add();
    account.value_shed.add(deed.value);
  }
  account.sent_bytes.add(deed.sent_bytes);
  account.saved_bytes.add(deed.saved_bytes);
  account.origin_bytes.add(deed.origin_bytes);
  account.stored_bytes.add(deed.stored_bytes);
  account.origin_cost.add(deed.origin_cost);
  account.storage_cost.add(deed.storage_cost);
}

std::string_view Ledger::name_of(std::size_t place) const {
  return place == kOtherPlace ? kOther : std::string_view(names_[place]);
}

LedgerRow Ledger::row_of(std::size_t tier, std::size_t place) const {
  const Account& account = accounts_[tier * kPlaces + place];
  LedgerRow row;
  row.tier = static_cast<std::uint8_t>(tier);
  row.bundle = name_of(place);
  row.served = account.served.value();
  row.shed = account.shed.value();
  row.sent_bytes = account.sent_bytes.value();
  row.saved_bytes = account.saved_bytes.value();
  row.origin_bytes = account.origin_bytes.value();
  row.stored_bytes = account.stored_bytes.value();
  row.value_served = account.value_served.millionths();
  row.value_shed = account.value_shed.millionths();
  row.origin_cost = account.origin_cost.millionths();
  row.storage_cost = account.storage_cost.millionths();
  return row;
}

std::vector<LedgerRow> Ledger::sum(std::span<const Ledger* const> ledgers) {
  std::map<std::pair<std::uint8_t, std::string>, LedgerRow> rows;
  const auto add_row = [&rows](LedgerRow row) {
    if (row.served == 0 && row.shed == 0) return;
    const auto [at, is_new] = rows.try_emplace({row.tier, row.bundle}, row);
    if (!is_new) add(at->second, row);
  };
  for (const Ledger* ledger : ledgers) {
    const std::size_t known = ledger->known_.load(std::memory_order_acquire);
    for (std::size_t tier = 0; tier < ledger->tiers_; ++tier) {
      for (std::size_t place = 0; place < known; ++place) add_row(ledger->row_of(tier, place));
      add_row(ledger->row_of(tier, kOtherPlace));
    }
  }
  std::vector<LedgerRow> sums;
  for (auto& [key, row] : rows) sums.push_back(std::move(row));
  return sums;
}

} // namespace selvedge::policy
