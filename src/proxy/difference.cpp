#include "difference.hpp"

#include "compression.hpp"

#include <algorithm>
#include <array>

namespace selvedge::proxy {

using coding::ContentCoding;
using coding::EncoderStep;

namespace {

constexpr std::size_t kSliceBytes = 1 << 16;

// In its first step the library takes in all of the dictionary. Two versions of a megabyte took
// 0.35 s of a core at level 19, and 0.05 at this one.
constexpr std::uint64_t kMostAtHighLevels = 1 << 20; // of both
constexpr int kLevelBeyond = 11;

std::string in_one_piece(cache::Body& body) {
  std::string text;
  text.reserve(body.appended());
  cache::BodyReader reader(body);
  std::array<std::string_view, 1> view;
  while (reader.peek(view).state == http::BodyState::ready) {
    text.append(view[0]);
    reader.consume(view[0].size());
  }
  return text;
}

std::uint64_t quickly_coded_size(cache::Body& body) {
  coding::EncoderOptions quick;
  quick.level = 3;
  quick.length = body.length();
  const auto encoder = coding::make_encoder(ContentCoding::zstd, quick);
  if (!encoder) return body.appended();
  std::uint64_t size = 0;
  std::array<char, 16384> out;
  cache::BodyReader reader(body);
  std::array<std::string_view, 1> view;
  for (bool is_done = false; !is_done;) {
    const bool is_end = reader.peek(view).state != http::BodyState::ready;
    const std::string_view input = is_end ? std::string_view() : view[0];
    const coding::Step step =
        encoder->step(input, is_end ? EncoderStep::end : EncoderStep::go_on, out);
    if (!is_end) reader.consume(step.used);
    size += step.written;
    is_done = step.is_done;
    if (!is_done && step.used == 0 && step.written == 0) return body.appended(); // it cannot
  }
  return size;
}

} // namespace

Difference::Difference(CodingJobs& jobs, cache::Store& store, Task task)
    : store_(store), task_(std::move(task)), counters_(jobs.counters(ContentCoding::dcz)),
      most_(task_.compression->most_of_difference(task_.content->body().appended())),
      prefix_(in_one_piece(task_.dictionary->body())), encoder_(make_encoder()),
      reader_(task_.content->body()) {
  coded_.reserve(most_);
}

std::unique_ptr<coding::Encoder> Difference::make_encoder() const {
  coding::EncoderOptions options;
  options.level = level();
  options.length = task_.content->body().length();
  options.dictionary = prefix_;
  options.dictionary_digest = *task_.dictionary->body().digest();
  return coding::make_encoder(ContentCoding::dcz, options);
}

Difference::State Difference::advance() {
  if (!encoder_) return State::failed;
  for (std::size_t taken = 0; taken < kSliceBytes;) {
    std::array<std::string_view, 1> view;
    if (reader_.peek(view).state == http::BodyState::end) return encode({}, EncoderStep::end);
    const std::string_view piece = view[0].substr(0, kSliceBytes - taken);
    const State state = encode(piece, EncoderStep::go_on);
    if (state != State::going_on) return state;
    reader_.consume(piece.size());
    taken += piece.size();
  }
  return State::going_on;
}

Difference::State Difference::encode(std::string_view input, EncoderStep what) {
  counters_.content_bytes.fetch_add(input.size(), std::memory_order_relaxed);
  std::array<char, 16384> out;
  for (;;) {
    const coding::Step step = encoder_->step(input, what, out);
    input.remove_prefix(step.used);
    counters_.coded_bytes.fetch_add(step.written, std::memory_order_relaxed);
    if (coded_.size() + step.written > most_) return State::too_large;
    coded_.append(out.data(), step.written);
    if (step.is_done) return State::coded;
    const bool has_more = what == EncoderStep::end || !input.empty() || step.written == out.size();
    if (!has_more) return State::going_on;
    if (step.used == 0 && step.written == 0) return State::failed;
  }
}

// Of other codings the client would get the smallest of these; where nobody has asked for one yet,
// about what a quick one makes of it.
std::uint64_t Difference::least_of_others() const {
  const cache::StoredResponse& content = *task_.content;
  std::uint64_t least = content.body().appended();
  bool is_coded = false;
  for (const auto& one : store_.variants({content.key(), content.print()})) {
    const bool is_of_it = !one->is_pass_marker() && one->content_id() == content.content_id();
    if (!is_of_it || one->dictionary()) continue;
    least = std::min(least, one->body().appended());
    is_coded = is_coded || one->coding() != cache::kAsItCame;
  }
  return is_coded ? least : std::min(least, quickly_coded_size(content.body()));
}

int Difference::level() const {
  const int level = task_.compression->level_of(ContentCoding::dcz);
  const bool is_large =
      task_.content->body().appended() + task_.dictionary->body().appended() > kMostAtHighLevels;
  return is_large ? std::min(level, kLevelBeyond) : level;
}

// The content may have been confirmed meanwhile, or be gone.
cache::StoredResponsePtr Difference::content_now() const {
  const cache::StoredResponse& began = *task_.content;
  for (cache::StoredResponsePtr& one : store_.variants({began.key(), began.print()})) {
    const bool is_it = !one->is_pass_marker() && one->coding() == cache::kAsItCame &&
                       one->vary() == began.vary() && one->content_id() == began.content_id();
    if (!is_it) continue;
    const auto standing = store_.purges().standing(one->purge_state());
    return standing == cache::Standing::valid ? std::move(one) : nullptr;
  }
  return nullptr;
}

Difference::Stored Difference::store() {
  if (coded_.size() > task_.compression->most_of_difference(least_of_others())) {
    return Stored::too_large;
  }
  const cache::StoredResponsePtr content = content_now();
  if (!content) return Stored::no_content;
  boost::intrusive_ptr<cache::Body> body(new cache::Body({coded_.size(), &store_.ledger()}));
  body->append(coded_);
  body->set_coded(content->body().appended());
  body->finish();
  const cache::ContentDigest& digest = *task_.dictionary->body().digest();
  store_.insert(coded_response(*content, ContentCoding::dcz, std::move(body), store_.ledger(),
                               std::make_shared<const cache::ContentDigest>(digest)));
  return Stored::made;
}

} // namespace selvedge::proxy
