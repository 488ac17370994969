#include <selvedge/net/resolver.hpp>

#include "dns_channel.hpp"
#include "name_cache.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/intrusive/list.hpp>

#include <utility>

namespace selvedge::net {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using base::Result;

namespace {

namespace ip = boost::asio::ip;
using IpAddresses = std::vector<ip::address>;

constexpr Error kNotResolved{ErrorCode::name_not_resolved, ErrorSource::upstream, base::Retry::yes};
constexpr Error kCancelled{ErrorCode::cancelled, ErrorSource::internal};
constexpr Error kOverloaded{ErrorCode::overloaded, ErrorSource::upstream};

Addresses with_port(const IpAddresses& found, std::uint16_t port) {
  Addresses addresses;
  addresses.reserve(found.size());
  for (const ip::address& one : found) addresses.emplace_back(one, port);
  return addresses;
}

std::optional<ip::address> literal_address(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code not_one;
  const ip::address address = ip::make_address(host, not_one);
  if (not_one) return {};
  return address;
}

} // namespace

// A lookup that waits for the answer to a question, for a limited time.
struct Resolver::Waiter final : base::Timer {
  using Hook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  explicit Waiter(Connecting& c) : connecting(c) {}
  void on_timeout() override { end(kNotResolved); }
  void end(Result<IpAddresses> with) {
    disarm();
    hook.unlink();
    outcome = std::move(with);
    connecting.changed().set();
  }

  Connecting& connecting;
  Hook hook;
  std::optional<Result<IpAddresses>> outcome;
};

struct Resolver::Question {
  using Waiters =
      boost::intrusive::list<Waiter,
                             boost::intrusive::member_hook<Waiter, Waiter::Hook, &Waiter::hook>,
                             boost::intrusive::constant_time_size<false>>;

  void end(const Result<IpAddresses>& with) {
    while (!waiters.empty()) waiters.front().end(with);
  }

  Waiters waiters;
};

Resolver::Resolver(Worker& worker, const ResolverOptions& options)
    : worker_(worker), options_(options), cache_(std::make_unique<NameCache>(options_)) {
  DnsChannel::Options asking;
  asking.servers = options_.servers;
  asking.try_timeout = options_.try_timeout;
  asking.tries = options_.tries;
  channel_ = std::make_shared<DnsChannel>(worker.io(), asking);
}

Resolver::~Resolver() {
  auto questions = std::exchange(questions_, {});
  for (auto& [host, question] : questions) question->end(kCancelled);
  channel_->close();
}

boost::asio::awaitable<Result<Addresses>> Resolver::resolve(std::string host, std::uint16_t port) {
  Connecting connecting(worker_.io().get_executor());
  Result<Addresses> found = co_await resolve(std::move(host), port, connecting);
  co_return found;
}

boost::asio::awaitable<Result<Addresses>> Resolver::resolve(std::string host, std::uint16_t port,
                                                            Connecting& connecting) {
  if (connecting.is_cancelled()) co_return kCancelled;
  std::optional<Result<Addresses>> at_once = known(host, port);
  if (at_once) co_return std::move(*at_once);
  Waiter waiter(connecting);
  join(host, waiter);
  // From here on the resolver may go away.
  while (!waiter.outcome && !connecting.is_cancelled()) co_await connecting.changed().wait();
  if (connecting.is_cancelled()) co_return kCancelled;
  if (waiter.outcome->has_error()) co_return waiter.outcome->error();
  co_return with_port(**waiter.outcome, port);
}

std::optional<Result<Addresses>> Resolver::known(const std::string& host, std::uint16_t port) {
  if (const auto literal = literal_address(host)) return with_port({*literal}, port);
  counters_.lookups.add();
  if (host.empty() || host.find('\0') != std::string::npos) return kNotResolved;
  const NameCache::Found found = cache_->find(host, worker_.now().steady);
  const bool is_asked = questions_.contains(host);
  if (found.addresses != nullptr) {
    Addresses addresses = with_port(*found.addresses, port);
    if (found.is_stale) counters_.stale.add();
    if (found.is_due && !is_asked && may_ask()) ask(host);
    return addresses;
  }
  if (is_asked) return {};
  if (!found.is_due) return kNotResolved;
  if (!may_ask()) return kOverloaded;
  return {};
}

void Resolver::join(const std::string& host, Waiter& waiter) {
  worker_.arm(waiter, options_.timeout);
  auto& question = questions_[host];
  const bool is_asked = question != nullptr;
  if (!is_asked) question = std::make_unique<Question>();
  question->waiters.push_back(waiter);
  if (!is_asked) ask(host);
}

void Resolver::ask(const std::string& host) {
  auto& question = questions_[host];
  if (!question) question = std::make_unique<Question>();
  counters_.questions.add();
  channel_->ask(host, [this, host](DnsAnswer answer) { on_answer(host, std::move(answer)); });
}

void Resolver::on_answer(const std::string& host, DnsAnswer answer) {
  auto question = questions_.extract(host);
  if (question.empty()) return; // the resolver is going away
  Result<IpAddresses> outcome = kNotResolved;
  if (answer.outcome == DnsAnswer::Outcome::found) {
    outcome = answer.addresses;
  } else {
    counters_.failures.add();
  }
  cache_->store(host, std::move(answer), worker_.now().steady);
  question.mapped()->end(outcome);
}

} // namespace selvedge::net
