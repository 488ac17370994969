// One fetch that many wait for: each piece of content is announced to every reader, and each reads
// it. Wakings are kept in a list, as workers do, since a reader must not read under the fill's
// lock.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/cache/fill.hpp>

#include <array>
#include <string>
#include <vector>

namespace selvedge::bench {

namespace {

constexpr std::size_t kContentBytes = 65536;
constexpr std::size_t kPieceBytes = 16384;
constexpr std::size_t kWakings = kContentBytes / kPieceBytes;

class Follower;
using Woken = std::vector<Follower*>;

class Follower final : public cache::Fill::Reader {
public:
  explicit Follower(Woken& woken) : woken_(&woken) {}
  void follow(cache::Fill& fill, cache::Body& body) {
    fill_ = &fill;
    content_ = cache::BodyReader::growing(body);
    fill.subscribe(*this);
  }
  void leave() {
    fill_->unsubscribe(*this);
    content_.leave();
  }
  void on_progress() override {
    if (is_woken_) return;
    is_woken_ = true;
    woken_->push_back(this);
  }
  void read() {
    is_woken_ = false;
    if (!content_.is_started()) {
      auto first = fill_->take_first(*this);
      if (first == nullptr) return;
      content_.start(std::move(first));
    }
    std::array<std::string_view, 4> views;
    for (;;) {
      const auto found = content_.peek(views);
      if (found.state != http::BodyState::ready) return;
      std::size_t size = 0;
      for (std::size_t i = 0; i < found.count; ++i) size += views[i].size();
      content_.consume(size);
      fill_->note_consumed();
    }
  }
  std::uint64_t bytes() const { return content_.consumed(); }

private:
  Woken* woken_;
  cache::Fill* fill_ = nullptr;
  cache::BodyReader content_;
  bool is_woken_ = false;
};

void read_all(Woken& woken) {
  for (Follower* one : woken) one->read();
  woken.clear();
}

boost::intrusive_ptr<cache::StoredResponse> answer_with(boost::intrusive_ptr<cache::Body> body,
                                                        const cache::CacheKey& key) {
  cache::StoredResponse::Parts parts;
  parts.key = key.text;
  parts.print = key.print;
  parts.head = http::HeadBlock(asset_head());
  parts.body = std::move(body);
  return new cache::StoredResponse(std::move(parts), nullptr);
}

// The whole life of a fill that all the readers have joined.
void fill_once(const cache::CacheKey& key, std::vector<Follower>& followers, Woken& woken,
               std::string_view piece) {
  const cache::FillPtr fill(new cache::Fill(std::string(key.text), key.print));
  const boost::intrusive_ptr<cache::Body> body(new cache::Body({.length = kContentBytes}));
  for (Follower& one : followers) one.follow(*fill, *body);
  fill->stream(answer_with(body, key));
  read_all(woken);
  for (std::size_t i = 0; i < kWakings; ++i) {
    body->append(piece);
    fill->wake_readers();
    read_all(woken);
  }
  fill->complete();
  read_all(woken);
  for (Follower& one : followers) one.leave();
}

void fill_fan_out(benchmark::State& state) {
  const auto readers = static_cast<std::size_t>(state.range(0));
  Woken woken;
  woken.reserve(readers);
  std::vector<Follower> followers(readers, Follower(woken));
  const std::string piece(kPieceBytes, 'x');
  const std::string url = asset_url(1);
  const cache::CacheKey key{url, base::fingerprint(url)};
  const AllocationCount count;
  for (auto _ : state) fill_once(key, followers, woken, piece);
  // The fill, its response and their texts: as many for a thousand readers as for one.
  count.require_at_most(state, "fill_fan_out", 8);
  for (const Follower& one : followers) {
    if (one.bytes() != kContentBytes) state.SkipWithError("a reader did not get everything");
  }
  // Of a reader: told of the head, of each piece, and of the end.
  using benchmark::Counter;
  const auto all = static_cast<double>(readers);
  state.counters["per_waking"] =
      Counter(all * (kWakings + 2), Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.counters["per_byte"] = Counter(all * static_cast<double>(kContentBytes),
                                       Counter::kIsIterationInvariantRate | Counter::kInvert);
}
BENCHMARK(fill_fan_out)->ArgName("readers")->Arg(1)->Arg(10)->Arg(1000);

} // namespace

} // namespace selvedge::bench
