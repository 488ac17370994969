#include "group_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

namespace selvedge::upstream {

using boost::asio::awaitable;

namespace {

constexpr std::size_t kMostContent = 65536; // of an answer to a check; one with more is well, too

} // namespace

// The checks of one server, one after the other. It may outlive the watch by the check under way.
class GroupWatch::Check final : public base::Timer, public std::enable_shared_from_this<Check> {
public:
  Check(std::weak_ptr<Origin> owner, const OriginOptions& options, net::Worker& worker,
        std::shared_ptr<Server> server)
      : owner_(std::move(owner)), origin_(options.name), health_(options.health), worker_(worker),
        server_(std::move(server)), record_(options.health), deadline_(*this) {
    for (const std::string& text : health_.expect) {
      if (const auto range = parse_status_range(text)) expected_.push_back(*range);
    }
    authority_ = !health_.host.empty()   ? health_.host
                 : !options.host.empty() ? options.host
                                         : server_->state().address;
    head_.authority = authority_;
    head_.target = health_.path;
    head_.fields.add(http::FieldName::user_agent, "selvedge-health-check");
  }

  // The first one soon, but not those of all origins and nodes at the same moment.
  void start() {
    worker_.arm(*this, std::chrono::duration_cast<base::Millis>(health_.interval * random() / 10));
  }
  void stop() {
    disarm();
    deadline_.disarm();
    is_stopped_ = true;
    cancellation_.cancel();
  }

private:
  struct Deadline final : base::Timer {
    explicit Deadline(Check& c) : check(c) {}
    void on_timeout() override { check.cancellation_.cancel(Cancellation::Reason::too_slow); }
    Check& check;
  };

  void on_timeout() override {
    std::shared_ptr<Origin> owner = owner_.lock();
    if (!owner) return;
    boost::asio::co_spawn(worker_.io(), run(shared_from_this(), std::move(owner)),
                          boost::asio::detached);
  }

  static awaitable<void> run(std::shared_ptr<Check> self, std::shared_ptr<Origin>) {
    self->cancellation_ = Cancellation();
    self->worker_.arm(self->deadline_, self->health_.timeout);
    const bool is_well = co_await self->ask();
    self->deadline_.disarm();
    if (self->is_stopped_) co_return;
    self->note(is_well);
    self->worker_.arm(*self, next_check_delay(self->health_.interval, self->random()));
  }

  awaitable<bool> ask() {
    FetchRequest request;
    request.head = &head_;
    request.cancellation = &cancellation_;
    base::Result<OriginResponsePtr> answer = co_await server_->fetch(request);
    if (!answer || !contains(expected_, (*answer)->head().status)) co_return false;
    for (std::size_t size = 0; size < kMostContent;) {
      const base::Result<std::string_view> piece = co_await (*answer)->read();
      if (!piece) co_return false;
      if (piece->empty()) break;
      size += piece->size();
    }
    co_return true;
  }

  void note(bool is_well) {
    ServerState& state = server_->state();
    const auto result = is_well ? CheckResult::passed : CheckResult::failed;
    switch (record_.on_check(state, result, worker_.now().steady)) {
    case HealthChange::none:
      return;
    case HealthChange::fell_ill:
      return spdlog::warn("origin {}: server {} fails its health checks", origin_, state.address);
    case HealthChange::recovered:
      return spdlog::info("origin {}: server {} is well again", origin_, state.address);
    }
  }

  double random() { return std::uniform_real_distribution<double>()(engine_); }

  const std::weak_ptr<Origin> owner_; // of the server's setting
  const std::string origin_;
  const HealthCheckOptions health_;
  net::Worker& worker_;
  const std::shared_ptr<Server> server_;
  std::vector<StatusRange> expected_;
  HealthRecord record_;
  std::string authority_;
  http::RequestHead head_;
  Cancellation cancellation_;
  Deadline deadline_;
  std::mt19937_64 engine_{std::random_device()()};
  bool is_stopped_ = false;
};

GroupWatch::GroupWatch(std::weak_ptr<Origin> owner, const OriginOptions& options,
                       net::Worker& worker, Placement& placement)
    : options_(options), worker_(worker), placement_(placement) {
  if (placement.size() > 1) worker_.arm(comparison_, options.ejection.interval);
  if (options.health.path.empty()) return;
  for (std::size_t i = 0; i < placement.size(); ++i) {
    checks_.push_back(std::make_shared<Check>(owner, options, worker, placement.server(i)));
    checks_.back()->start();
  }
}

GroupWatch::~GroupWatch() {
  for (const auto& one : checks_) one->stop();
}

void GroupWatch::compare() {
  placement_.compare_servers();
  worker_.arm(comparison_, options_.ejection.interval);
}

} // namespace selvedge::upstream
