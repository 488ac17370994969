// The whole proxy in one thread: clients over memory transports, an origin that the test plays, and
// a clock that the test moves. A scenario is a few lines:
//
//   Flow flow;
//   auto client = flow.connect();
//   client.get("/a");
//   flow.origin().answer(200, {{"cache-control", "max-age=60"}}, "hello");
//   CHECK(client.answer().content == "hello");
#pragma once

#include "memory_transport.hpp"

#include <selvedge/downstream/acceptor.hpp>
#include <selvedge/net/event.hpp>
#include <selvedge/proxy/coding_jobs.hpp>
#include <selvedge/proxy/differences.hpp>
#include <selvedge/proxy/proxy.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields; // lower case
  std::string content;
};

// Fetches that wait for the test to answer them, in the order they were made.
class ScriptedOrigin final : public upstream::Origin {
public:
  struct Fetch final : upstream::Cancellation::Target {
    explicit Fetch(boost::asio::any_io_executor executor) : more(std::move(executor)) {}
    void cancel() override {
      is_cancelled = true;
      more.set();
    }
    std::string method;
    std::string target;
    upstream::InterimSink* interim = nullptr;
    std::map<std::string, std::string> fields;
    std::optional<http::ResponseHead> head;
    base::Arena arena;
    std::deque<std::string> pieces;
    Fields trailers;
    std::optional<base::Error> error;
    bool is_ended = false;
    bool is_cancelled = false;
    net::Event more;
  };
  using FetchPtr = std::shared_ptr<Fetch>;

  explicit ScriptedOrigin(net::Worker& worker) : worker_(worker) {}

  boost::asio::awaitable<base::Result<upstream::OriginResponsePtr>>
  fetch(const upstream::FetchRequest& request) override;

  // --- what the test does with the oldest fetch that has no answer yet
  std::size_t fetches() const { return all_.size(); }
  const Fetch& last() const { return *all_.back(); }
  const Fetch* waiting() const; // the oldest that has no answer yet; null: none
  void answer(http::Status status, const Fields& fields, std::string_view content);
  // The head only; pieces and the end follow.
  FetchPtr begin(http::Status status, const Fields& fields,
                 std::optional<std::uint64_t> length = {});
  void inform(http::Status status, const Fields& fields); // an interim response
  void fail(base::ErrorCode code);
  void give_up(); // ends all fetches
  static void piece(Fetch& fetch, std::string_view bytes);
  static void end(Fetch& fetch);
  static void cut(Fetch& fetch);

private:
  class Response;
  FetchPtr next_unanswered();
  net::Worker& worker_;
  std::vector<FetchPtr> all_;
};

// The system's clock may be set while the steady one goes on.
class SettableClock final : public base::Clock {
public:
  base::Instant now() const override {
    base::Instant now = clock_.now();
    now.wall += offset_;
    return now;
  }
  std::chrono::nanoseconds thread_time() const override { return clock_.thread_time(); }
  void advance(std::chrono::nanoseconds by) { clock_.advance(by); }
  void set_by(std::chrono::seconds offset) { offset_ += offset; }

private:
  base::ManualClock clock_;
  std::chrono::seconds offset_{0};
};

class Flow;

class Client {
public:
  Client(Flow& flow, std::shared_ptr<Wire> wire) : flow_(&flow), wire_(std::move(wire)) {}
  // Sends bytes and lets the node work.
  void send(std::string_view bytes);
  void get(std::string_view target, const Fields& fields = {});
  void request(std::string_view method, std::string_view target, const Fields& fields = {});
  // Takes the next answer off the wire; fails the test when there is none that is complete.
  Answer answer(std::string_view method = "GET");
  bool has_answer() const { return !wire_->from_node.empty(); }
  bool is_closed() const { return wire_->node_closed; }
  void close();
  Wire& wire() { return *wire_; }
  const std::shared_ptr<Wire>& shared_wire() const { return wire_; }

private:
  Flow* flow_;
  std::shared_ptr<Wire> wire_;
};

class Flow {
public:
  struct Options {
    cache::Store::Options store;
    downstream::Limits limits;
    proxy::RouteOptions route;
    proxy::PurgeOptions purge;
    proxy::ForwardingOptions forwarding;
    std::uint64_t max_object = 1 << 20;
    std::optional<policy::PolicyOptions> policy; // none: everybody is alike
    // Servers on sockets, instead of the origin that the test plays.
    std::optional<upstream::OriginOptions> origin;
    std::function<bool()> peers; // what works beside the node; it says whether it did something
  };
  Flow() : Flow(Options()) {}
  explicit Flow(const Options& options);
  ~Flow();

  Client connect();
  ScriptedOrigin& origin() { return *origin_; }
  upstream::Origin& http_origin() { return *http_origin_; } // of Options::origin
  // Runs until there is nothing more to do.
  void settle();
  void advance(std::chrono::nanoseconds by);
  // The system's clock is set, by an operator or by a server of time.
  void jump(std::chrono::seconds by);
  // Purges as the admin API does.
  proxy::PurgeReceipt purge(const proxy::PurgeRequest& request);
  cache::Store& store() { return store_; }
  cache::FillTable& fills() { return fills_; }
  proxy::Proxy& proxy() { return *proxy_; }
  // Makes another routing of the same options.
  void reload();
  // New requests live by this.
  void set_policy(const policy::PolicyOptions& options);
  const proxy::Accounts& accounts() const { return *accounts_; }
  proxy::ReleaseBoard& board() { return *boards_.by_route.at("site/all"); } // of a route of bundles
  const insight::DistinctCounts& sessions() const { return sessions_; }
  // What was logged, oldest first; what is not taken off is dropped when there is much.
  proxy::AccessRing& log() { return log_; }
  net::Worker& worker() { return workers_[0]; }
  proxy::CodingJobs& coding_jobs() { return coding_jobs_; }
  proxy::Differences& differences() { return differences_; }
  downstream::Connections& connections() { return connections_; }

private:
  Options options_;
  SettableClock clock_;
  cache::Store store_;
  cache::FillTable fills_{8};
  overload::TenantLimits tenant_limits_;
  insight::DistinctCounts sessions_;
  proxy::AccountsPtr accounts_;
  net::WorkerPool workers_{1, clock_};
  std::shared_ptr<ScriptedOrigin> origin_;
  std::shared_ptr<upstream::Origin> http_origin_; // null: the other one
  std::function<bool()> peers_;
  proxy::RouteCounterMap counters_;
  proxy::ReleaseBoards boards_{{}, &store_.purges()};
  proxy::AccessRing log_{16};
  proxy::CodingJobs coding_jobs_{workers_[0].io().get_executor()}; // on the worker, between turns
  proxy::Jobs idle_jobs_{workers_[0].io().get_executor()};
  proxy::Differences differences_{coding_jobs_, idle_jobs_, store_};
  std::unique_ptr<proxy::Proxy> proxy_;
  downstream::Connections connections_{workers_};
  std::unique_ptr<downstream::Acceptor> acceptor_;
};

} // namespace selvedge::test
