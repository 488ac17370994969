#include "h2_streams.hpp"

#include <algorithm>

namespace selvedge::codec::h2 {

namespace {
constexpr std::size_t kFirstBuckets = 8;
}

Stream& StreamTable::open(StreamId id) {
  if (size_ == buckets_.size()) grow();
  if (free_.empty()) {
    made_.push_back(std::make_unique<Stream>());
    free_.reserve(made_.capacity()); // so that close() never allocates
    free_.push_back(made_.back().get());
  }
  Stream& stream = *free_.back();
  free_.pop_back();
  stream.id = id;
  Stream*& bucket = buckets_[place(id)];
  stream.next_in_bucket = bucket;
  bucket = &stream;
  ++size_;
  return stream;
}

void StreamTable::close(Stream& stream) {
  Stream** at = &buckets_[place(stream.id)];
  while (*at != &stream) at = &(*at)->next_in_bucket;
  *at = stream.next_in_bucket;
  --size_;
  stream.clear();
  free_.push_back(&stream);
}

void StreamTable::grow() {
  std::vector<Stream*> streams;
  streams.reserve(size_);
  for_each([&](Stream& stream) { streams.push_back(&stream); });
  buckets_.assign(std::max(kFirstBuckets, buckets_.size() * 2), nullptr);
  for (Stream* stream : streams) {
    Stream*& bucket = buckets_[place(stream->id)];
    stream->next_in_bucket = bucket;
    bucket = stream;
  }
}

void ClosedStreams::note_reset(StreamId id) {
  if (resets_.size() < kResets) return resets_.push_back(id);
  forgotten_ = std::max(forgotten_, std::exchange(resets_[next_reset_], id));
  next_reset_ = (next_reset_ + 1) % kResets;
}

bool ClosedStreams::may_be_reset(StreamId id) const {
  return id <= forgotten_ || std::find(resets_.begin(), resets_.end(), id) != resets_.end();
}

void ClosedStreams::note_passed_over(StreamId first, StreamId last) {
  if (ranges_.size() == kRanges) ranges_.erase(ranges_.begin());
  ranges_.push_back({first, last});
}

bool ClosedStreams::was_passed_over(StreamId id) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const Range& range) { return id >= range.first && id <= range.last; });
}

} // namespace selvedge::codec::h2
