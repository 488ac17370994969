#include "sliced_content.hpp"

#include <selvedge/http/http_date.hpp>
#include <selvedge/http/validator.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace selvedge::proxy {

using base::ErrorCode;
using base::ErrorSource;
using cache::Fill;

void SlicedContent::open(std::uint64_t offset) {
  position_ = offset;
  obtain(offset / context_.route->slice);
  if (slice_) tell_user();
}

void SlicedContent::tell_user() {
  if (is_delivering_) {
    user_.on_slice_ready();
  } else {
    user_.on_slice_head();
  }
}

bool SlicedContent::is_sliceable() const {
  if (!head_ || !head_->content_range() || !head_->content_range()->complete_length) return false;
  const auto tag = http::parse_entity_tag(head_->etag());
  if (tag) return !tag->is_weak;
  // RFC 9110, 8.8.2.2: a date is strong where nothing can have changed in the same second after it.
  const auto modified = http::parse_http_date(head_->last_modified(), head_->date());
  return head_->etag().empty() && modified && head_->date() - *modified >= base::Seconds{1};
}

void SlicedContent::deliver(const http::ByteRange& range) {
  is_delivering_ = true;
  position_ = range.first;
  end_ = range.last + 1;
  if (!is_current(position_)) obtain(position_ / context_.route->slice);
}

void SlicedContent::deliver_body() {
  is_delivering_ = true;
  is_body_ = true;
}

bool SlicedContent::is_current(std::uint64_t position) const {
  if (!slice_ || !slice_->content_range()) return false;
  const http::ByteRange& range = slice_->content_range()->range;
  return range.first <= position && position <= range.last;
}

// --- one slice

void SlicedContent::obtain(std::uint64_t index) {
  leave_slice();
  index_ = index;
  const std::string text = fmt::format("{}\nslice {}", context_.key.text, index);
  const std::string_view kept = arena_.copy(text);
  const cache::CacheKey key{kept, base::fingerprint(kept)};
  cache::StoredResponsePtr stale;
  if (obtain_from_store(key, stale)) return;
  obtain_from_origin(key, std::move(stale));
}

bool SlicedContent::obtain_from_store(const cache::CacheKey& key, cache::StoredResponsePtr& stale) {
  Proxy& proxy = *context_.proxy;
  for (cache::StoredResponsePtr& part : proxy.store_.find_partial(key, *context_.request)) {
    const cache::Standing standing = proxy.store_.purges().standing(part->purge_state());
    const cache::CacheDecision decision = cache::decide(
        *context_.request, part.get(), proxy.worker_.now(), context_.route->policy, standing);
    const bool is_usable = decision.action == cache::Action::serve && belongs(*part);
    if (!is_usable) {
      if (belongs(*part) && !stale) stale = std::move(part);
      continue;
    }
    if (!head_) first_decision_ = decision;
    reader_ = cache::BodyReader(part->body());
    take_slice(std::move(part));
    return true;
  }
  return false;
}

void SlicedContent::obtain_from_origin(const cache::CacheKey& key, cache::StoredResponsePtr stale) {
  cache::FillTable::Joined joined = context_.proxy->fills_.join(key, {}, *this);
  fill_ = std::move(joined.fill);
  is_leader_ = joined.is_leader;
  if (is_leader_) {
    start_filler(std::move(stale));
  } else if (fill_->state() != Fill::State::waiting) {
    on_progress();
  }
}

void SlicedContent::start_filler(cache::StoredResponsePtr stale) {
  const std::uint64_t first = index_ * context_.route->slice;
  Filler::Task task;
  task.fill = fill_;
  task.routing = context_.routing;
  task.route = context_.route;
  task.stale = std::move(stale);
  task.whole_key = std::string(context_.key.text);
  task.range = fmt::format("bytes={}-{}", first, first + context_.route->slice - 1);
  filler_ = Filler::start(*context_.proxy, *context_.request, *context_.client, std::move(task));
}

// What the leader got is not for sharing.
void SlicedContent::go_alone() {
  const std::string key(fill_->key());
  const base::Fingerprint print = fill_->print();
  leave_slice();
  is_leader_ = true;
  fill_ = new Fill(key, print);
  fill_->subscribe(*this);
  start_filler(nullptr);
}

void SlicedContent::resume() {
  if (!slice_) take_fill();
  if (slice_ || has_failed_) tell_user();
}

void SlicedContent::take_fill() {
  switch (fill_->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::failed:
    if (!is_leader_ && fill_->error().code == ErrorCode::cancelled) return go_alone();
    error_ = fill_->error();
    has_failed_ = true;
    break;
  case Fill::State::alone:
    if (!is_leader_) return go_alone();
    [[fallthrough]];
  case Fill::State::streaming:
  case Fill::State::complete:
    if (!is_leader_ && !may_share(*fill_->response())) return go_alone();
    reader_ = cache::BodyReader::growing(fill_->response()->body());
    return take_slice(fill_->response());
  }
}

// As Exchange::may_share().
bool SlicedContent::may_share(const cache::StoredResponse& slice) const {
  const Proxy& proxy = *context_.proxy;
  return cache::selects(slice, *context_.request) &&
         proxy.store_.purges().standing(slice.purge_state()) != cache::Standing::purged &&
         cache::may_collapse(slice, proxy.worker_.now());
}

// RFC 9110, 15.3.7.3: parts may be put together only with the same strong validator.
bool SlicedContent::belongs(const cache::StoredResponse& slice) const {
  if (!head_) return true;
  if (!slice.content_range() || slice.etag() != head_->etag()) return false;
  if (head_->etag().empty() && slice.last_modified() != head_->last_modified()) return false;
  return slice.content_range()->complete_length == head_->content_range()->complete_length;
}

// Exactly what was asked for, as far as there is so much.
bool SlicedContent::is_slice(const http::ContentRange& part) const {
  const std::uint64_t first = index_ * context_.route->slice;
  const std::uint64_t last = first + context_.route->slice - 1;
  const std::uint64_t end = part.complete_length.value_or(last + 1);
  return part.range.first == first && part.range.last == std::min(last, end - 1);
}

void SlicedContent::take_slice(boost::intrusive_ptr<const cache::StoredResponse> slice) {
  slice_ = std::move(slice);
  const auto& range = slice_->content_range();
  if (!head_) {
    // A part that was not asked for says nothing about what was.
    if (range && !is_slice(*range)) {
      error_ = {ErrorCode::protocol, ErrorSource::upstream};
      has_failed_ = true;
    } else {
      head_ = slice_;
    }
    return;
  }
  if (!belongs(*slice_) || !is_slice(*range)) {
    // One of the two is of an older version: the next who asks begins anew.
    context_.proxy->store_.remove(*head_);
    has_failed_ = true;
  }
}

void SlicedContent::leave_slice() {
  if (filler_) filler_->detach_client();
  filler_.reset();
  slice_.reset();
  if (!fill_) return;
  fill_->unsubscribe(*this);
  reader_.leave();
  fill_->note_consumed();
  context_.proxy->wakes_->remove(*this);
  fill_.reset();
}

void SlicedContent::leave() {
  leave_slice();
}

// --- content

http::BodySource::Peek SlicedContent::peek(std::span<std::string_view> views) {
  if (has_failed_) return {http::BodyState::failed, 0, false};
  if (!is_body_ && position_ == end_) return {http::BodyState::end, 0, true};
  if (!slice_) return {http::BodyState::pending, 0, false};
  if (fill_ && !reader_.is_started()) {
    if (auto first = fill_->take_first(*this)) reader_.start(std::move(first));
  }
  if (is_body_) return reader_.peek(views);
  const http::ByteRange& range = slice_->content_range()->range;
  const bool is_there = reader_.is_started() && reader_.seek(position_ - range.first);
  if (fill_) fill_->note_consumed(); // what lies before has been passed over
  if (!is_there) {
    const bool has_failed = slice_->body().state() == cache::Body::State::failed;
    return {has_failed ? http::BodyState::failed : http::BodyState::pending, 0, false};
  }
  Peek found = reader_.peek(views);
  if (found.state == http::BodyState::end) { // shorter than it said
    return {http::BodyState::failed, 0, false};
  }
  if (found.state != http::BodyState::ready) return found;
  std::uint64_t room = std::min(end_, range.last + 1) - position_;
  std::size_t count = 0;
  for (; count < found.count && room > 0; ++count) {
    views[count] = views[count].substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(views[count].size(), room)));
    room -= views[count].size();
  }
  return {http::BodyState::ready, count, room == 0 && end_ <= range.last + 1};
}

void SlicedContent::consume(std::size_t bytes) {
  reader_.consume(bytes);
  position_ += bytes;
  if (fill_) fill_->note_consumed();
  if (!is_body_ && position_ < end_ && !is_current(position_)) obtain(index_ + 1);
}

} // namespace selvedge::proxy
