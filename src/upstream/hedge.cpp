#include "hedge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace selvedge::upstream {

using boost::asio::awaitable;

namespace {

constexpr double kUsual = 0.95; // the share of fetches that are not hedged

} // namespace

// Keeps the hedge, whose cancellation the response uses, and lets the fetch's own end here.
class Hedge::Winner final : public OriginResponse::Companion {
public:
  Winner(std::shared_ptr<Hedge> hedge, std::unique_ptr<Companion> place)
      : hedge_(std::move(hedge)), place_(std::move(place)) {}
  ~Winner() override {
    Cancellation* cancellation = hedge_->request_.cancellation;
    if (cancellation != nullptr) cancellation->set_target(nullptr);
  }
  void on_failure(const base::Error& error) override {
    if (place_) place_->on_failure(error);
  }

private:
  std::shared_ptr<Hedge> hedge_;
  std::unique_ptr<Companion> place_;
};

awaitable<Hedge::Fetched> Hedge::fetch(std::shared_ptr<HttpOrigin> origin,
                                       const FetchRequest& request) {
  const auto hedge = std::make_shared<Hedge>(std::move(origin), request);
  Fetched result = co_await hedge->race();
  co_return result;
}

Hedge::Hedge(std::shared_ptr<HttpOrigin> origin, const FetchRequest& request)
    : origin_(std::move(origin)), request_(request), changed_(origin_->worker_.io().get_executor()),
      timer_(origin_->worker_.io()) {}

void Hedge::cancel() {
  for (Runner& one : runners_) one.cancellation.cancel(request_.cancellation->reason());
}

bool Hedge::has_won(std::size_t index) const {
  const auto& result = runners_[index].result;
  return result && *result && !origin_->is_failure(***result);
}

void Hedge::begin(std::size_t index) {
  runners_[index].is_running = true;
  boost::asio::co_spawn(origin_->worker_.io(), run(shared_from_this(), index),
                        boost::asio::detached);
}

awaitable<void> Hedge::run(std::shared_ptr<Hedge> self, std::size_t index) {
  Runner& runner = self->runners_[index];
  FetchRequest request = self->request_;
  request.cancellation = &runner.cancellation;
  if (index > 0) request.interim = nullptr; // told once
  Tried elsewhere = self->first_;
  Tried& tried = index == 0 ? self->first_ : elsewhere;
  Fetched result = co_await self->origin_->try_servers(request, tried);
  runner.result.emplace(std::move(result));
  runner.is_running = false;
  self->changed_.set();
}

// After the time that most fetches of the route take, the second sets out, if the budget has it.
void Hedge::arm() {
  const auto usual = request_.latency->quantile(kUsual);
  if (!usual) return;
  timer_.expires_after(
      std::max<std::chrono::microseconds>(*usual, origin_->options_.hedge.min_delay));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->runners_[0].is_running || self->runners_[0].cancellation.is_cancelled()) {
      return;
    }
    if (!self->origin_->hedges_.try_spend()) return;
    self->origin_->counters_.hedges.add();
    self->begin(1);
  });
}

awaitable<Hedge::Fetched> Hedge::race() {
  if (request_.cancellation != nullptr) request_.cancellation->set_target(this);
  begin(0);
  arm();
  const auto is_running = [this] { return runners_[0].is_running || runners_[1].is_running; };
  while (is_running() && !has_won(0) && !has_won(1)) co_await changed_.wait();
  timer_.cancel();
  const std::size_t first = has_won(1) && !has_won(0) ? 1 : 0;
  // Who is still running has lost; its request and place end before the answer goes on.
  // The second has had less time than the first: that it lost says nothing about its server.
  if (runners_[0].is_running) runners_[0].cancellation.cancel(Cancellation::Reason::too_slow);
  if (runners_[1].is_running) runners_[1].cancellation.cancel(Cancellation::Reason::unwanted);
  while (is_running()) co_await changed_.wait();
  const bool is_better = runners_[1].result && *runners_[1].result && !*runners_[0].result;
  const std::size_t best = first == 1 || is_better ? 1 : 0;
  if (best == 1) origin_->counters_.hedges_won.add();
  if (request_.cancellation != nullptr) request_.cancellation->set_target(nullptr);

  Fetched result = std::move(*runners_[best].result);
  runners_[1 - best].result.reset();
  runners_[best].result.reset();
  if (result) {
    if (request_.cancellation != nullptr) request_.cancellation->set_target(this);
    auto place = (*result)->accompany(nullptr);
    (*result)->accompany(std::make_unique<Winner>(shared_from_this(), std::move(place)));
  }
  co_return result;
}

} // namespace selvedge::upstream
