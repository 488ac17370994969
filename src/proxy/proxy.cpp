#include <selvedge/proxy/proxy.hpp>

#include "exchange.hpp"
#include "wake_queue.hpp"

#include <selvedge/codec/request_check.hpp>

namespace selvedge::proxy {

Proxy::Proxy(net::Worker& worker, cache::Store& store, cache::FillTable& fills, AccessRing* log,
             const Options& options)
    : worker_(worker), store_(store), fills_(fills), log_(log), options_(options),
      via_("1.1 " + options.node_name),
      via_name_(options.via_name.empty() ? options.node_name : options.via_name),
      via_to_origin_h1_("1.1 " + via_name_), via_to_origin_h2_("2 " + via_name_),
      wakes_(std::make_shared<WakeQueue>(worker)) {}

Proxy::~Proxy() = default;

void Proxy::on_request(downstream::Stream& stream) {
  auto* exchange = stream.arena().make<Exchange>(*this, stream);
  stream.set_user(*exchange);
  exchange->start();
}

void Proxy::on_refused(downstream::Stream& stream, base::Error error) {
  if (stream.has_responded()) return stream.abort();
  // Its content became too large while an origin was being asked: the same exchange answers.
  if (stream.user() != nullptr) return static_cast<Exchange*>(stream.user())->refuse(error);
  auto* exchange = stream.arena().make<Exchange>(*this, stream);
  stream.set_user(*exchange);
  exchange->refuse(error);
}

std::size_t purge(cache::Store& store, cache::FillTable& fills, std::string_view url) {
  const auto parts = codec::parse_absolute_target(url);
  if (!parts) return 0;
  base::Arena arena;
  const cache::CacheKey key =
      cache::make_cache_key(parts->scheme, parts->authority, parts->target, arena);
  fills.forget(key.print);
  return store.remove(key);
}

} // namespace selvedge::proxy
