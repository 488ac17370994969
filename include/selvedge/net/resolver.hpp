// Names of servers to addresses: from the cache, the hosts file or the DNS (/etc/hosts and
// /etc/resolv.conf say how). Questions for one name at one time are one question. An answer whose
// time to live has run out may be used for a little longer, while a new question is under way and
// when it fails (RFC 8767): an outage of the DNS is not one of the servers.
// Owned by whoever connects, one a worker. Thread: the worker's.
#pragma once

#include <selvedge/base/counter.hpp>
#include <selvedge/base/error.hpp>
#include <selvedge/net/connecting.hpp>
#include <selvedge/net/worker.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace selvedge::net {

// Of one server, in the order the DNS gave them.
using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

struct DnsAnswer;
class DnsChannel;
class NameCache;

struct ResolverOptions {
  std::string servers;            // "127.0.0.1:5353,[::1]:53"; empty: those of /etc/resolv.conf
  base::Millis timeout{5000};     // for an answer, all in all
  base::Millis try_timeout{1000}; // before a question is asked again; doubled each round
  std::uint32_t tries{2};         // of each server
  base::Seconds min_ttl{1};       // times to live are brought between these two
  base::Seconds max_ttl{3600};
  base::Seconds stale{30};     // beyond its time to live, when there is no newer answer
  base::Millis negative{1000}; // that there is no answer is believed for so long
  std::size_t names = 1024;    // kept; then the one not asked for the longest goes
  std::size_t questions = 64;  // under way at once
};

// Written by one worker, read by anyone.
struct ResolverCounters {
  base::Counter lookups;   // of names; literal addresses are not counted
  base::Counter questions; // that no cached answer spared
  base::Counter failures;  // of questions
  base::Counter stale;     // lookups answered beyond the time to live
};

class Resolver {
public:
  // Throws std::runtime_error that names the problem (bad `servers`, no memory).
  explicit Resolver(Worker& worker, const ResolverOptions& options = {});
  // Lookups under way end with `cancelled`.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // The addresses of `host`, a name or a literal address ("::1" or "[::1]"), with `port`.
  // Errors: name_not_resolved (may be tried again), overloaded (too many questions), cancelled.
  boost::asio::awaitable<base::Result<Addresses>> resolve(std::string host, std::uint16_t port);
  boost::asio::awaitable<base::Result<Addresses>> resolve(std::string host, std::uint16_t port,
                                                          Connecting& connecting);
  const ResolverCounters& counters() const { return counters_; }

private:
  struct Waiter;
  struct Question;

  // What can be said without waiting, if anything.
  std::optional<base::Result<Addresses>> known(const std::string& host, std::uint16_t port);
  bool may_ask() const { return questions_.size() < options_.questions; }
  // Requires: no question for it is under way. Its answer may be there when this returns.
  void ask(const std::string& host);
  void join(const std::string& host, Waiter& waiter);
  void on_answer(const std::string& host, DnsAnswer answer);

  Worker& worker_;
  const ResolverOptions options_;
  ResolverCounters counters_;
  std::unique_ptr<NameCache> cache_;
  std::unordered_map<std::string, std::unique_ptr<Question>> questions_; // under way
  std::shared_ptr<DnsChannel> channel_;
};

} // namespace selvedge::net
