// What is known of names, and for how long. Owned by a Resolver. Thread: the worker's.
#pragma once

#include "dns_channel.hpp"

#include <selvedge/net/resolver.hpp>

#include <string>
#include <unordered_map>
#include <vector>

namespace selvedge::net {

class NameCache {
public:
  // `options` outlives the cache.
  explicit NameCache(const ResolverOptions& options) : options_(options) {}

  struct Found {
    const std::vector<boost::asio::ip::address>* addresses = nullptr; // null: none may be used
    bool is_stale = false;
    bool is_due = true; // it is time to ask
  };
  // Valid until the next store().
  Found find(const std::string& name, base::Steady now);
  void store(const std::string& name, DnsAnswer answer, base::Steady now);
  std::size_t size() const { return names_.size(); }

private:
  struct Name {
    std::vector<boost::asio::ip::address> addresses; // empty: none
    base::Steady fresh_until{};
    base::Steady ask_from{};
    base::Steady used{};
  };
  Name& name_to_store(const std::string& name, base::Steady now);

  const ResolverOptions& options_;
  std::unordered_map<std::string, Name> names_;
};

} // namespace selvedge::net
