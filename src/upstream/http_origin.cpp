#include "http_origin.hpp"

#include "group_watch.hpp"
#include "hedge.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::awaitable;

namespace {

// A refusal by the origin is remembered for so long.
constexpr std::chrono::seconds kThrottleWindow{30};

net::TlsClientContextPtr tls_of(const OriginOptions& options) {
  if (!options.tls.enabled) return nullptr;
  net::TlsClientOptions tls;
  tls.verify = options.tls.verify;
  tls.ca_file = options.tls.ca_file;
  tls.certificate = {options.tls.certificate, options.tls.key};
  if (options.protocol == ServerProtocol::h2) tls.protocols = {"h2"};
  if (options.protocol == ServerProtocol::http_1) tls.protocols = {"http/1.1"};
  return std::make_shared<net::TlsClientContext>(tls);
}

std::vector<StatusRange> ranges_of(const std::vector<std::string>& texts) {
  std::vector<StatusRange> ranges;
  for (const std::string& text : texts) {
    if (const auto range = parse_status_range(text)) ranges.push_back(*range);
  }
  return ranges;
}

overload::CircuitBreakerOptions breaker_of(const BreakerOptions& options) {
  overload::CircuitBreakerOptions breaker;
  breaker.failure_share = options.failure_share;
  breaker.min_requests = options.min_requests;
  breaker.window = options.window;
  breaker.open_time = options.open_time;
  return breaker;
}

bool is_cancelled(const FetchRequest& request) {
  return request.cancellation != nullptr && request.cancellation->is_cancelled();
}

// Nothing of the request has left this node, its content included.
bool is_before_request(ErrorCode code) {
  return code == ErrorCode::connect_refused || code == ErrorCode::connect_timeout ||
         code == ErrorCode::name_not_resolved || code == ErrorCode::tls_failed;
}

// Of this node's own making: another server would not help.
bool is_ours(ErrorCode code) {
  return code == ErrorCode::cancelled || code == ErrorCode::overloaded ||
         code == ErrorCode::no_origin;
}

// A pause before a retry, which ends early when nobody wants the answer any more.
class Pause final : public Cancellation::Target {
public:
  explicit Pause(net::Worker& worker) : timer_(worker.io()) {}
  void cancel() override { timer_.cancel(); }
  awaitable<void> wait(std::chrono::microseconds time) {
    timer_.expires_after(time);
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

private:
  boost::asio::steady_timer timer_; // the worker's own tick is too coarse
};

} // namespace

HttpOrigin::HttpOrigin(const OriginOptions& options, net::Worker& worker, OriginStatePtr state)
    : options_(options), worker_(worker), state_(std::move(state)), resolver_(worker),
      failures_(ranges_of(options.retry.statuses)),
      placement_(std::make_shared<Placement>(
          ServerSetting{options_, worker, counters_, resolver_, tls_of(options)}, *state_)),
      breaker_(breaker_of(options.breaker)), throttle_({.window = kThrottleWindow}),
      retries_({.share = options.retry.budget}),
      hedges_({.share = options.hedge.enabled ? options.hedge.budget : 0}),
      engine_(std::random_device()()) {}

HttpOrigin::~HttpOrigin() = default;

void HttpOrigin::start() {
  watch_ = std::make_unique<GroupWatch>(weak_from_this(), options_, worker_, *placement_);
}

bool HttpOrigin::is_failure(const OriginResponse& response) const {
  return contains(failures_, response.head().status);
}

// The same server is asked again only where nothing has reached it.
bool HttpOrigin::may_retry(const FetchRequest& request, const Fetched& result,
                           bool is_last_server) const {
  if (is_cancelled(request)) return false;
  const bool is_repeatable =
      request.content == nullptr && http::is_idempotent(request.head->method);
  if (result) return is_repeatable && is_failure(**result) && !is_last_server;
  const Error error = result.error();
  if (is_ours(error.code)) return false;
  if (is_before_request(error.code)) return true;
  // Content may have been sent, and is not kept.
  if (request.content != nullptr) return false;
  return error.retry == base::Retry::yes || (is_repeatable && !is_last_server);
}

awaitable<HttpOrigin::Fetched> HttpOrigin::fetch(const FetchRequest& request) {
  const std::shared_ptr<HttpOrigin> keep = shared_from_this();
  if (is_cancelled(request)) co_return Error{ErrorCode::cancelled, ErrorSource::internal};
  const base::Steady now = worker_.now().steady;
  counters_.requests.add();
  const overload::Passage passage = breaker_.admit(now);
  counters_.breaker_is_open.set(breaker_.state() == overload::BreakerState::closed ? 0 : 1);
  if (!passage.is_allowed()) {
    counters_.refused_breaker.add();
    counters_.errors.add();
    co_return Error{ErrorCode::no_origin, ErrorSource::upstream};
  }
  if (!throttle_.admits(request.importance, now, random())) {
    breaker_.on_abandoned(passage);
    counters_.refused_throttle.add();
    counters_.errors.add();
    co_return Error{ErrorCode::overloaded, ErrorSource::upstream};
  }
  retries_.note_request();
  hedges_.note_request();
  Fetched result = base::Error{};
  if (may_hedge(request)) {
    result = co_await Hedge::fetch(keep, request);
  } else {
    Tried tried;
    result = co_await try_servers(request, tried);
  }
  note_outcome(passage, request, result);
  co_return result;
}

bool HttpOrigin::may_hedge(const FetchRequest& request) const {
  return options_.hedge.enabled && placement_->size() > 1 && request.content == nullptr &&
         request.latency != nullptr && http::is_idempotent(request.head->method);
}

void HttpOrigin::note_outcome(const overload::Passage& passage, const FetchRequest& request,
                              const Fetched& result) {
  const base::Steady now = worker_.now().steady;
  const http::Status status = result ? (*result)->head().status : http::Status{0};
  const ErrorCode code = result ? ErrorCode::none : result.error().code;
  if (!result) counters_.errors.add();
  if (code == ErrorCode::timeout || code == ErrorCode::connect_timeout) counters_.timeouts.add();

  if (!result && is_ours(code)) {
    breaker_.on_abandoned(passage);
  } else if (!result || is_failure(**result)) {
    const std::uint64_t before = breaker_.times_opened();
    breaker_.on_failure(passage, now);
    counters_.breaker_opened.add(breaker_.times_opened() - before);
  } else {
    breaker_.on_success(passage, now);
  }
  counters_.breaker_is_open.set(breaker_.state() == overload::BreakerState::closed ? 0 : 1);
  if (status == 429 || status == 503) {
    throttle_.on_rejected(request.importance, now);
  } else if (!is_ours(code)) {
    throttle_.on_accepted(request.importance, now);
  }
}

awaitable<HttpOrigin::Fetched> HttpOrigin::try_servers(const FetchRequest& request, Tried& tried) {
  Fetched before = Error{};
  for (std::uint32_t retries = 0;; ++retries) {
    Fetched result = co_await try_once(request, tried);
    // Nobody is left to ask: what the last one said is the answer.
    if (retries > 0 && !result && is_ours(result.error().code)) co_return before;
    const bool is_last = retries + 1 >= options_.retry.tries;
    const bool is_last_server = tried.size() >= placement_->size();
    if (is_last || !may_retry(request, result, is_last_server) || !retries_.try_spend()) {
      co_return result;
    }
    counters_.retries.add();
    before = std::move(result);
    if (!is_last_server && retries == 0) continue; // another server, at once
    co_await back_off(request, retries);
    if (is_last_server) tried.clear();
  }
}

awaitable<HttpOrigin::Fetched> HttpOrigin::try_once(const FetchRequest& request, Tried& tried) {
  PlacePtr place = placement_->place_now(request, tried);
  if (!place) {
    base::Result<PlacePtr> waited = co_await placement_->place(request, tried);
    if (!waited) co_return waited.error();
    place = std::move(*waited);
  }
  tried.push_back(place->index());
  const base::Steady begun = worker_.now().steady;
  Fetched result = co_await place->server().fetch(request);
  if (!result) {
    const ErrorCode code = result.error().code;
    const bool is_too_slow = request.cancellation != nullptr &&
                             request.cancellation->reason() == Cancellation::Reason::too_slow;
    if (is_too_slow || code == ErrorCode::timeout || code == ErrorCode::connect_timeout) {
      place->note_refusal();
    } else if (!is_ours(code)) {
      place->note_failure();
    }
    co_return result;
  }
  const http::Status status = (*result)->head().status;
  if (status == 429 || status == 503) {
    place->note_refusal();
  } else if (is_failure(**result)) {
    place->note_failure();
  } else {
    place->note_answer();
    const auto latency = worker_.now().steady - begun;
    if (request.latency != nullptr) {
      request.latency->note(std::chrono::ceil<std::chrono::microseconds>(latency));
    }
  }
  (*result)->accompany(std::move(place));
  co_return result;
}

awaitable<void> HttpOrigin::back_off(const FetchRequest& request, std::uint32_t retries) {
  const std::uint64_t doubled = std::min<std::uint32_t>(retries, 10);
  const auto most = std::chrono::microseconds(options_.retry.backoff) * (1u << doubled);
  Pause pause(worker_);
  if (request.cancellation != nullptr) request.cancellation->set_target(&pause);
  co_await pause.wait(
      std::chrono::duration_cast<std::chrono::microseconds>(most * (0.5 + 0.5 * random())));
  if (request.cancellation != nullptr) request.cancellation->set_target(nullptr);
}

} // namespace selvedge::upstream
