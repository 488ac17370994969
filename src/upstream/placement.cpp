#include "placement.hpp"

#include "outlier_detector.hpp"
#include <selvedge/upstream/slow_start.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::awaitable;
using overload::Importance;

namespace {

constexpr double kSmoothing = 0.2;              // what one latency counts
constexpr std::chrono::seconds kForgetting{10}; // a latency that old counts half
constexpr std::uint32_t kFirstLimit = 128;

overload::ConcurrencyLimits limits_of(const OriginLimits& limits) {
  if (!limits.adaptive) return {limits.in_flight, limits.in_flight, limits.in_flight};
  const std::uint32_t min = std::min(8u, limits.in_flight);
  return {std::min(kFirstLimit, limits.in_flight), min, limits.in_flight};
}

std::vector<std::string> addresses_of(const OriginState& state) {
  std::vector<std::string> addresses;
  for (const auto& server : state.servers) addresses.push_back(server->address);
  return addresses;
}

void log_ejection(const std::string& origin, OutlierDetector::Servers servers,
                  const EjectionEvent& event) {
  const std::string& address = servers[event.server]->address;
  if (event.kind == EjectionEvent::Kind::returned) {
    return spdlog::info("origin {}: server {} is asked again", origin, address);
  }
  spdlog::warn("origin {}: server {} is left out ({}: {:.3g}, allowed {:.3g})", origin, address,
               name(event.reason), event.observed, event.allowed);
}

} // namespace

// --- Place

Place::Place(std::shared_ptr<Placement> placement, std::size_t index)
    : placement_(std::move(placement)), index_(index),
      since_(placement_->setting_.worker.clock().now().steady) {
  ServerState& state = server().state();
  state.inflight.fetch_add(1, std::memory_order_relaxed);
  state.requests.fetch_add(1, std::memory_order_relaxed);
  placement_->setting_.counters.inflight.add();
}

Place::~Place() {
  server().state().inflight.fetch_sub(1, std::memory_order_relaxed);
  placement_->setting_.counters.inflight.sub();
  placement_->release(index_);
}

Server& Place::server() {
  return *placement_->seats_[index_].server;
}

void Place::note_answer() {
  // The answer may have come before the loop read the clock again.
  const base::Steady now = placement_->setting_.worker.refresh_now().steady;
  const std::chrono::nanoseconds latency = now - since_;
  Placement::Seat& seat = placement_->seats_[index_];
  seat.limiter.on_answered(now, latency);
  Placement::note_latency(seat, latency, now);
  note({.is_ok = true, .latency = latency});
  placement_->publish_limit();
}

void Place::note_refusal() {
  placement_->seats_[index_].limiter.on_dropped(placement_->setting_.worker.now().steady);
  placement_->publish_limit();
  note_failure();
}

void Place::on_failure(const Error&) {
  note_failure();
}

void Place::note_failure() {
  server().state().failures.fetch_add(1, std::memory_order_relaxed);
  note({.is_ok = false});
}

void Place::note(const FetchOutcome& outcome) {
  const base::Steady now = placement_->setting_.worker.now().steady;
  const auto event = placement_->detector_.on_result(placement_->states_, index_, outcome, now);
  if (event) log_ejection(placement_->setting_.options.name, placement_->states_, *event);
}

// --- Placement

// Waits for room. It is woken once: by room, by the end of its time, by somebody more important, or
// because nobody wants the answer any more.
class Placement::Waiting final : public overload::Waiter,
                                 public Cancellation::Target,
                                 public base::Timer {
public:
  enum class Outcome : std::uint8_t { none, room, displaced, too_late, cancelled };

  explicit Waiting(net::Worker& worker) : woken_(worker.io().get_executor()) {}
  void on_refused() override { wake(Outcome::displaced); }
  void on_timeout() override { wake(Outcome::too_late); }
  void cancel() override { wake(Outcome::cancelled); }
  void wake(Outcome outcome) {
    if (outcome_ != Outcome::none) return;
    outcome_ = outcome;
    leave();
    disarm();
    woken_.set();
  }
  awaitable<Outcome> wait() {
    co_await woken_.wait();
    co_return outcome_;
  }

private:
  net::Event woken_;
  Outcome outcome_ = Outcome::none;
};

Placement::Placement(const ServerSetting& setting, const OriginState& state)
    : setting_(setting), states_(state.servers), detector_(setting.options.ejection),
      balancer_(setting.options.balance, setting.options.hash_load, addresses_of(state),
                std::hash<std::string>()(setting.options.name) + setting.worker.index()),
      candidates_(state.servers.size()), queue_(setting.options.limits.queue) {
  for (const auto& one : state.servers) {
    seats_.push_back({std::make_shared<Server>(setting, one),
                      overload::ConcurrencyLimiter(limits_of(setting.options.limits)),
                      0,
                      {}});
  }
  publish_limit();
}

// Or may open one.
bool Placement::has_connection(const Seat& seat) const {
  return seat.server->speaks_h2() || seat.limiter.in_flight() < setting_.options.limits.connections;
}

// A server without room is not chosen, so its limit would not learn of those who wanted it.
void Placement::fill_candidates(Importance importance) {
  const base::Steady now = setting_.worker.now().steady;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    const ServerOptions& options = setting_.options.servers[i];
    ServerState& state = seat.server->state();
    Candidate& candidate = candidates_[i];
    candidate.weight = effective_weight(state, options.weight, setting_.options.slow_start, now);
    candidate.priority = options.priority;
    candidate.is_well = state.is_healthy.load(std::memory_order_relaxed) && !state.is_ejected(now);
    const bool has_room = seat.limiter.has_room(importance);
    if (!has_room && candidate.is_well && candidate.weight > 0) seat.limiter.note_refusal();
    candidate.is_usable = candidate.is_well && has_room && has_connection(seat);
    candidate.in_flight = seat.limiter.in_flight();
    if (setting_.options.balance != Balance::ewma) continue;
    const double age = std::chrono::duration<double>(now - seat.measured_at) / kForgetting;
    candidate.latency_s = age > 8 ? 0 : seat.latency_s * std::exp2(-age);
  }
}

std::optional<std::size_t> Placement::choose(const FetchRequest& request,
                                             std::span<const std::size_t> tried) {
  if (seats_.size() == 1 && tried.empty() && setting_.options.servers[0].weight > 0) return 0;
  fill_candidates(request.importance);
  const std::uint64_t panics = balancer_.panic_choices().value();
  const bool is_by_key = setting_.options.balance == Balance::hash;
  const std::uint64_t key = is_by_key ? stable_hash(request.key) : 0;
  const auto chosen = balancer_.choose(candidates_, key, tried);
  setting_.counters.panics.add(balancer_.panic_choices().value() - panics);
  return chosen;
}

PlacePtr Placement::take(const FetchRequest& request, std::span<const std::size_t> tried) {
  const std::optional<std::size_t> chosen = choose(request, tried);
  if (!chosen || !has_connection(seats_[*chosen])) return nullptr;
  if (!seats_[*chosen].limiter.try_acquire(request.importance)) return nullptr;
  return std::make_unique<Place>(shared_from_this(), *chosen);
}

bool Placement::may_wait(std::span<const std::size_t> tried) const {
  const bool is_any_well = std::any_of(candidates_.begin(), candidates_.end(), [](const auto& one) {
    return one.is_well && one.weight > 0;
  });
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const bool was_tried = std::find(tried.begin(), tried.end(), i) != tried.end();
    const bool may_be_asked = candidates_[i].is_well || !is_any_well; // the latter: panic
    if (!was_tried && may_be_asked && candidates_[i].weight > 0) return true;
  }
  return false;
}

// Those who came earlier go first: room that has been left is theirs, until they have looked. Room
// that none of them was woken for is at servers they do not want.
PlacePtr Placement::place_now(const FetchRequest& request, std::span<const std::size_t> tried) {
  return woken_ == 0 ? take(request, tried) : nullptr;
}

awaitable<base::Result<PlacePtr>> Placement::place(const FetchRequest& request,
                                                   std::span<const std::size_t> tried) {
  OriginCounters& counters = setting_.counters;
  const auto deadline = setting_.worker.now().steady + setting_.options.limits.queue_timeout;
  fill_candidates(request.importance);
  while (may_wait(tried)) {
    const auto left = std::chrono::ceil<base::Millis>(deadline - setting_.worker.now().steady);
    Waiting waiting(setting_.worker);
    if (left.count() <= 0 || !queue_.add(waiting, request.importance)) {
      (left.count() <= 0 ? counters.refused_wait : counters.refused_queue).add();
      co_return Error{ErrorCode::overloaded, ErrorSource::upstream};
    }
    counters.queued.add();
    counters.waiting.add();
    setting_.worker.arm(waiting, left);
    if (request.cancellation != nullptr) request.cancellation->set_target(&waiting);
    const Waiting::Outcome outcome = co_await waiting.wait();
    if (request.cancellation != nullptr) request.cancellation->set_target(nullptr);
    counters.waiting.sub();
    if (outcome == Waiting::Outcome::room) --woken_;
    if (outcome == Waiting::Outcome::cancelled) {
      co_return Error{ErrorCode::cancelled, ErrorSource::internal};
    }
    if (outcome != Waiting::Outcome::room) {
      const bool is_late = outcome == Waiting::Outcome::too_late;
      (is_late ? counters.refused_wait : counters.refused_queue).add();
      co_return Error{ErrorCode::overloaded, ErrorSource::upstream};
    }
    PlacePtr taken = take(request, tried);
    if (taken) wake_next();
    if (taken) co_return taken;
  }
  wake_next(); // what woke this one may be of use to another
  co_return Error{ErrorCode::no_origin, ErrorSource::upstream};
}

// There may be room for more than the one whose fetch has ended: a limit has grown, or a server has
// come back.
void Placement::wake_next() {
  const overload::Waiter* const next = queue_.front();
  if (next == nullptr) return;
  fill_candidates(next->importance());
  const bool has_some = std::any_of(candidates_.begin(), candidates_.end(),
                                    [](const auto& one) { return one.is_usable; });
  if (has_some) wake(static_cast<Waiting&>(*queue_.take()));
}

void Placement::wake(Waiting& waiting) {
  ++woken_;
  waiting.wake(Waiting::Outcome::room);
}

void Placement::release(std::size_t index) {
  seats_[index].limiter.release();
  if (auto* next = static_cast<Waiting*>(queue_.take())) wake(*next);
}

void Placement::note_latency(Seat& seat, std::chrono::nanoseconds latency, base::Steady now) {
  const double seconds = std::chrono::duration<double>(latency).count();
  const bool is_first = seat.latency_s == 0;
  seat.latency_s = is_first ? seconds : seat.latency_s + kSmoothing * (seconds - seat.latency_s);
  seat.measured_at = now;
  seat.server->state().latency_us.store(static_cast<std::uint64_t>(seat.latency_s * 1e6),
                                        std::memory_order_relaxed);
}

void Placement::publish_limit() {
  std::uint64_t sum = 0;
  for (const Seat& seat : seats_) sum += seat.limiter.limit();
  setting_.counters.limit.set(sum);
}

void Placement::compare_servers() {
  for (const EjectionEvent& event : detector_.compare(states_, setting_.worker.now().steady)) {
    log_ejection(setting_.options.name, states_, event);
  }
}

void Placement::close_idle() {
  for (const Seat& seat : seats_) seat.server->close_idle();
}

void Placement::set_rooms(const overload::ConcurrencyRooms& rooms) {
  for (Seat& seat : seats_) seat.limiter.set_rooms(rooms);
  wake_next();
}

} // namespace selvedge::upstream
