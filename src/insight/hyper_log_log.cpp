#include <selvedge/insight/hyper_log_log.hpp>

#include <bit>
#include <cmath>

namespace selvedge::insight {

namespace {

// Ertl, (algorithm 6): what registers that are still 0 tell.
double sigma(double x) {
  if (x == 1) return HUGE_VAL;
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

// And what those tell that cannot become larger.
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

} // namespace

bool HyperLogLog::raise(std::size_t at, std::uint8_t to) {
  std::uint8_t is = registers_[at].load(std::memory_order_relaxed);
  while (is < to) {
    if (registers_[at].compare_exchange_weak(is, to, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool HyperLogLog::add(std::uint64_t hash) {
  const std::size_t at = hash >> (64 - kPrecision);
  const std::uint64_t rest = hash << kPrecision;
  const unsigned zeros =
      rest == 0 ? 64 - kPrecision : static_cast<unsigned>(std::countl_zero(rest));
  return raise(at, static_cast<std::uint8_t>(zeros + 1));
}

double HyperLogLog::estimate() const {
  std::array<std::uint32_t, kLargest + 1> count{};
  for (const auto& one : registers_) ++count[one.load(std::memory_order_relaxed)];
  constexpr auto kM = static_cast<double>(kRegisters);
  double z = kM * tau(1 - count[kLargest] / kM);
  for (unsigned k = kLargest - 1; k >= 1; --k) z = 0.5 * (z + count[k]);
  z += kM * sigma(count[0] / kM);
  constexpr double kAlpha = 0.721347520444481703680; // 1 / (2 ln 2)
  return kAlpha * kM * kM / z;
}

void HyperLogLog::clear() {
  for (auto& one : registers_) one.store(0, std::memory_order_relaxed);
}

} // namespace selvedge::insight
