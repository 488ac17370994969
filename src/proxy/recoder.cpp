#include "recoder.hpp"

#include "compression.hpp"
#include "thread_time.hpp"

#include <array>

namespace selvedge::proxy {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using coding::EncoderStep;

namespace {

constexpr std::uint64_t kTurnBytes = 1 << 18; // of content in one job, then others have theirs

} // namespace

Recoder::Recoder(CodingJobs& jobs, cache::Store& store, cache::FillTable& fills, Task task)
    : jobs_(jobs), store_(store), fills_(fills), task_(std::move(task)),
      response_(coded_response(*task_.as_it_came, task_.coding,
                               new cache::Body({std::nullopt, &store.ledger()}), store.ledger())) {}

Recoder::~Recoder() {
  leave();
}

void Recoder::start(CodingJobs& jobs, cache::Store& store, cache::FillTable& fills, Task task) {
  auto recoder = std::make_shared<Recoder>(jobs, store, fills, std::move(task));
  jobs.keep(recoder);
  Task& own = recoder->task_;
  cache::Body& content = own.as_it_came->body();
  own.target->set_producer(recoder.get());
  own.target->stream(recoder->response_);
  if (own.source) {
    recoder->reader_ = cache::BodyReader::growing(content);
    if (own.first) recoder->reader_.start(std::move(own.first));
    own.source->subscribe(*recoder);
  } else {
    recoder->reader_ = cache::BodyReader(content);
  }
  recoder->schedule();
}

// At most one job at a time: the one that is there sees that there was another wake.
void Recoder::schedule() {
  if (wakes_.fetch_add(1) == 0) post();
}

void Recoder::post() {
  std::shared_ptr<Recoder> self = weak_from_this().lock();
  if (self) jobs_.post([self = std::move(self)] { self->run(); }); // else it ends now
}

// What comes while it runs is seen before it ends.
void Recoder::run() {
  if (is_over_) return;
  const std::uint64_t began = thread_nanoseconds();
  const std::uint64_t taken = taken_;
  Next next = Next::go_on;
  std::uint32_t seen = 0;
  do {
    seen = wakes_.load();
    do {
      next = advance();
      if (next == Next::go_on && taken_ - taken > kTurnBytes) next = Next::others;
    } while (next == Next::go_on);
  } while (next == Next::wait && !is_over_ && !wakes_.compare_exchange_strong(seen, 0));
  jobs_.counters(task_.coding)
      .thread_ns.fetch_add(thread_nanoseconds() - began, std::memory_order_relaxed);
  if (is_over_) {
    jobs_.let_go(*this);
  } else if (next == Next::others) {
    post();
  }
}

// Longer than anything that is stored: it goes to those who read it now.
void Recoder::stop_storing() {
  is_storing_ = false;
  fills_.remove(*task_.target);
  task_.target->forget_beginning();
}

bool Recoder::make_encoder() {
  coding::EncoderOptions options;
  options.level = task_.level;
  options.length = task_.as_it_came->body().length();
  encoder_ = coding::make_encoder(task_.coding, options);
  if (!encoder_) fail({ErrorCode::internal, ErrorSource::internal});
  return encoder_ != nullptr;
}

Recoder::Next Recoder::advance() {
  if (!is_storing_ && task_.target->readers() == 0) {
    fail({ErrorCode::cancelled, ErrorSource::internal});
    return Next::wait;
  }
  if (!is_storing_ && task_.target->wait_for_room(task_.window)) return Next::wait;
  if (task_.source && !reader_.is_started()) {
    if (auto first = task_.source->take_first(*this)) reader_.start(std::move(first));
  }
  std::array<std::string_view, 1> view;
  const http::BodySource::Peek found = reader_.peek(view);
  switch (found.state) {
  case http::BodyState::pending:
    // What has come is not kept back from who reads along.
    if (has_unflushed_ && encode({}, EncoderStep::flush)) has_unflushed_ = false;
    return Next::wait;
  case http::BodyState::failed:
    fail(task_.as_it_came->body().error());
    return Next::wait;
  case http::BodyState::end:
    // It is stored behind what it was made of.
    if (task_.source && task_.source->state() == cache::Fill::State::streaming) return Next::wait;
    if (encode({}, EncoderStep::end)) complete();
    return Next::wait;
  case http::BodyState::ready:
    break;
  }
  if (!encode(view[0], EncoderStep::go_on)) return Next::wait;
  has_unflushed_ = true;
  reader_.consume(view[0].size());
  taken_ += view[0].size();
  const bool has_no_room = store_.is_over_limit() && response_->body().appended() > task_.window;
  if (is_storing_ && (taken_ > task_.most || has_no_room)) stop_storing();
  if (task_.source) task_.source->note_consumed();
  return Next::go_on;
}

// False: it was given up.
bool Recoder::encode(std::string_view input, EncoderStep what) {
  if (!encoder_ && !make_encoder()) return false;
  std::array<char, 32768> out;
  CodingCounters& counters = jobs_.counters(task_.coding);
  counters.content_bytes.fetch_add(input.size(), std::memory_order_relaxed);
  for (bool has_more = true; has_more;) {
    const coding::Step step = encoder_->step(input, what, out);
    input.remove_prefix(step.used);
    if (step.written > 0) {
      response_->body().append({out.data(), step.written});
      counters.coded_bytes.fetch_add(step.written, std::memory_order_relaxed);
      store_.make_room();
      task_.target->wake_readers();
    }
    if (step.is_done) return true;
    has_more = what != EncoderStep::go_on || !input.empty() || step.written == out.size();
    if (has_more && step.used == 0 && step.written == 0) { // it can go neither on nor to an end
      fail({ErrorCode::internal, ErrorSource::internal});
      return false;
    }
  }
  return true;
}

void Recoder::complete() {
  is_over_ = true;
  response_->body().set_coded(taken_);
  response_->body().finish();
  const bool may_store = task_.target->may_store() && (!task_.source || task_.source->may_store());
  if (may_store && is_storing_) store_.insert(response_);
  task_.target->complete();
  fills_.remove(*task_.target);
  jobs_.counters(task_.coding).variants.fetch_add(1, std::memory_order_relaxed);
  leave();
}

void Recoder::fail(Error error) {
  is_over_ = true;
  fills_.remove(*task_.target);
  task_.target->fail(error);
  jobs_.counters(task_.coding).failed.fetch_add(1, std::memory_order_relaxed);
  leave();
}

// Nobody calls it any more.
void Recoder::leave() {
  task_.target->set_producer(nullptr);
  if (!task_.source) return;
  const cache::FillPtr source = std::move(task_.source);
  task_.source.reset();
  source->unsubscribe(*this);
  reader_.leave();
  source->note_consumed();
}

} // namespace selvedge::proxy
