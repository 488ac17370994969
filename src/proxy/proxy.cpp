#include <selvedge/proxy/proxy.hpp>

#include "exchange.hpp"
#include "release_job.hpp"
#include "wake_queue.hpp"

#include <selvedge/codec/request_check.hpp>

#include <algorithm>
#include <array>
#include <functional>

namespace selvedge::proxy {

namespace {

// Ids of traces must differ between all nodes and all their starts: one word is not enough.
std::mt19937_64 seeded_engine() {
  std::random_device device;
  std::array<std::random_device::result_type, 8> words;
  std::generate(words.begin(), words.end(), std::ref(device));
  std::seed_seq seed(words.begin(), words.end());
  return std::mt19937_64(seed);
}

} // namespace

Proxy::Proxy(net::Worker& worker, cache::Store& store, cache::FillTable& fills, AccessRing* log,
             const Options& options)
    : worker_(worker), store_(store), fills_(fills), log_(log), options_(options),
      via_("1.1 " + options.node_name),
      via_name_(options.via_name.empty() ? options.node_name : options.via_name),
      via_to_origin_h1_("1.1 " + via_name_), via_to_origin_h2_("2 " + via_name_),
      tokens_(options.token_cache), wakes_(std::make_shared<WakeQueue>(worker)),
      random_(seeded_engine()) {}

Proxy::~Proxy() = default;

void Proxy::begin_release(const std::string& url, ReleaseOrder order, ReleaseProgressPtr progress) {
  const Route* route = routing_->find_url(url);
  if (route == nullptr || !route->bundles) {
    progress->write([&url](ReleaseProgress::View& view) {
      view.state = ReleaseProgress::State::failed;
      view.problem = "no route of bundles is at " + url;
    });
    return;
  }
  const auto parts = codec::parse_absolute_target(url);
  add_release(std::make_unique<ReleaseJob>(AssetWarmer::Place{*this, routing_, route,
                                                              std::string(parts->scheme),
                                                              std::string(parts->authority)},
                                           std::move(order), std::move(progress)));
}

void Proxy::set_routing(std::shared_ptr<const Routing> routing) {
  routing_ = std::move(routing);
  drop_done();
}

// What is over holds a routing. Not from within one of them.
void Proxy::drop_done() {
  releases_.remove_if([](const std::unique_ptr<ReleaseJob>& one) { return one->is_over(); });
  warmths_.remove_if([](const std::unique_ptr<Warmth>& one) { return one->is_over(); });
}

void Proxy::add_release(std::unique_ptr<ReleaseJob> job) {
  drop_done();
  releases_.push_back(std::move(job));
  releases_.back()->start();
}

// Within a budget: while much is being fetched so, what comes then is left to who asks for it.
void Proxy::add_warmth(std::unique_ptr<Warmth> warmth) {
  constexpr std::size_t kMost = 16;
  drop_done();
  if (warmths_.size() >= kMost) return;
  warmths_.push_back(std::move(warmth));
  warmths_.back()->start();
}

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

} // namespace selvedge::proxy
