#include "load_balancer.hpp"

#include <selvedge/base/assert.hpp>

#include <algorithm>

namespace selvedge::upstream {

namespace {

// A level is asked for everything while at least this share of its weight is well.
constexpr double kPanicShare = 0.5;
// Below it, what is well may be asked for so much more than its own share, and the rest goes on to
// the next level: servers are not sized to the last request.
constexpr double kOverprovisioning = 1.4;
// Tells the draw of a level from the draw of a server where both come from one key.
constexpr std::uint64_t kLevelSalt = 0x6c6576656c;

} // namespace

LoadBalancer::LoadBalancer(Balance balance, double hash_load,
                           std::span<const std::string> server_addresses, std::uint64_t seed)
    : balance_(balance), hash_(server_addresses, hash_load), random_(seed) {
  levels_.reserve(server_addresses.size());
  pool_.reserve(server_addresses.size());
  // Where weights are equal this alone says who is first.
  for (std::size_t i = 0; i < server_addresses.size(); ++i) turns_.push_back(unit_of(random_()));
}

std::optional<std::size_t> LoadBalancer::choose(std::span<const Candidate> servers,
                                                std::uint64_t key_hash,
                                                std::span<const std::size_t> tried) {
  SELVEDGE_ASSERT(servers.size() == turns_.size());
  find_levels(servers);
  if (levels_.empty()) return std::nullopt;
  gather(panics() ? levels_.front() : draw_level(key_hash), servers, tried);
  for (const Level& level : levels_) {
    if (!pool_.empty()) break;
    gather(level, servers, tried);
  }
  if (pool_.empty()) return std::nullopt;
  if (panics()) panic_choices_.add();
  return choose_of_pool(servers, key_hash);
}

void LoadBalancer::find_levels(std::span<const Candidate> servers) {
  levels_.clear();
  bool is_any_well = false;
  for (const Candidate& server : servers) {
    if (!(server.weight > 0)) continue;
    const auto place = std::lower_bound(
        levels_.begin(), levels_.end(), server.priority,
        [](const Level& level, std::uint32_t priority) { return level.priority < priority; });
    const bool is_known = place != levels_.end() && place->priority == server.priority;
    Level& level = is_known ? *place : *levels_.insert(place, Level{server.priority, 0, 0});
    level.weight += server.weight;
    if (server.is_well) level.well_weight += server.weight;
    is_any_well = is_any_well || server.is_well;
  }
  panics_.store(!levels_.empty() && !is_any_well, std::memory_order_relaxed);
}

double LoadBalancer::capacity_of(const Level& level) {
  const double share = level.well_weight / level.weight;
  return share >= kPanicShare ? 1 : share * kOverprovisioning;
}

const LoadBalancer::Level& LoadBalancer::draw_level(std::uint64_t key_hash) {
  if (levels_.size() == 1) return levels_.front();
  // What each level takes of what those before it leave. When all together cannot carry the whole
  // they share it in the same proportion.
  double carried = 0;
  for (const Level& level : levels_) carried += std::min(capacity_of(level), 1 - carried);
  // A key stays with its level while the health of the levels stays.
  const double unit = unit_of(balance_ == Balance::hash ? mixed(key_hash ^ kLevelSalt) : random_());
  const double wanted = unit * carried;
  double reached = 0;
  for (const Level& level : levels_) {
    reached += std::min(capacity_of(level), 1 - reached);
    if (wanted < reached) return level;
  }
  return levels_.back(); // not reached: `unit` is below 1
}

void LoadBalancer::gather(const Level& level, std::span<const Candidate> servers,
                          std::span<const std::size_t> tried) {
  pool_.clear();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (servers[i].priority != level.priority || !(servers[i].weight > 0)) continue;
    if (!servers[i].is_usable && !panics()) continue;
    if (std::find(tried.begin(), tried.end(), i) == tried.end()) pool_.push_back(i);
  }
}

std::size_t LoadBalancer::choose_of_pool(std::span<const Candidate> servers,
                                         std::uint64_t key_hash) {
  if (balance_ == Balance::hash) return hash_.choose(servers, pool_, key_hash);
  if (balance_ == Balance::round_robin) return next_in_turn(servers);
  return better_of_two(servers);
}

// Smooth weighted round robin, as nginx does it: all gain their weight at each turn, who has most
// is chosen and pays for all. Weights 5, 1, 1 give a a b a c a a.
std::size_t LoadBalancer::next_in_turn(std::span<const Candidate> servers) {
  const double total = weight_of_pool(servers);
  std::size_t most = pool_.front();
  for (const std::size_t i : pool_) {
    // Debts and claims of a time when there were other servers or weights are cut to what this
    // group can owe, or one server would be asked many times in a row.
    turns_[i] = std::clamp(turns_[i], -total, total) + servers[i].weight;
    if (turns_[i] > turns_[most]) most = i;
  }
  turns_[most] -= total;
  return most;
}

// The power of two choices (Mitzenmacher, 2001). Both are drawn by weight. The second is taken when
// the fetch costs less there: (in flight + 1) / weight, times the latency. In the cost of the first
// the fetch itself counts as it would on the heavier of the two; without that the heavier would be
// taken always in a group that has little to do, and the lighter never asked.
std::size_t LoadBalancer::better_of_two(std::span<const Candidate> servers) {
  if (pool_.size() == 1) return pool_.front();
  const std::size_t first = draw_server(servers, std::nullopt);
  const std::size_t second = draw_server(servers, first);
  const Candidate& a = servers[first];
  const Candidate& b = servers[second];
  double cost_of_first = a.in_flight / a.weight + 1 / std::max(a.weight, b.weight);
  double cost_of_second = (b.in_flight + 1.0) / b.weight;
  if (balance_ == Balance::ewma) {
    const double mean = mean_latency(servers);
    cost_of_first *= a.latency_s > 0 ? a.latency_s : mean;
    cost_of_second *= b.latency_s > 0 ? b.latency_s : mean;
  }
  return cost_of_second < cost_of_first ? second : first;
}

std::size_t LoadBalancer::draw_server(std::span<const Candidate> servers,
                                      std::optional<std::size_t> other) {
  double left = weight_of_pool(servers);
  if (other) left -= servers[*other].weight;
  left *= unit_of(random_());
  std::optional<std::size_t> drawn;
  for (const std::size_t i : pool_) {
    if (i == other) continue;
    drawn = i;
    left -= servers[i].weight;
    if (left < 0) break;
  }
  return *drawn; // the last of them if sums were rounded
}

double LoadBalancer::weight_of_pool(std::span<const Candidate> servers) const {
  double total = 0;
  for (const std::size_t i : pool_) total += servers[i].weight;
  return total;
}

double LoadBalancer::mean_latency(std::span<const Candidate> servers) const {
  double sum = 0;
  double known = 0;
  for (const std::size_t i : pool_) {
    if (!(servers[i].latency_s > 0)) continue;
    sum += servers[i].latency_s;
    known += 1;
  }
  return known > 0 ? sum / known : 1;
}

} // namespace selvedge::upstream
