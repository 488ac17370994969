// The streams of a connection by their id, and what is remembered of those that are closed.
#pragma once

#include "h2_stream.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace selvedge::codec::h2 {

// Streams that are not closed. A closed one is kept for the next: after the first requests nothing
// is allocated, before them nothing is held. Thread: one.
class StreamTable {
public:
  Stream* find(StreamId id) const {
    if (buckets_.empty()) return nullptr;
    Stream* at = buckets_[place(id)];
    while (at != nullptr && at->id != id) at = at->next_in_bucket;
    return at;
  }
  // A new one. Requires: there is none of that id.
  Stream& open(StreamId id);
  // The stream is gone. Requires: it is in no list.
  void close(Stream& stream);
  std::size_t size() const { return size_; }

  template <typename Visit> void for_each(Visit visit) const {
    for (Stream* at : buckets_) {
      for (; at != nullptr; at = at->next_in_bucket) visit(*at);
    }
  }

private:
  std::size_t place(StreamId id) const { // ids of clients are odd, and follow one another
    return (static_cast<std::size_t>(id) >> 1) & (buckets_.size() - 1);
  }
  void grow();

  std::vector<Stream*> buckets_; // chains; a power of two, as many as streams at least
  std::vector<std::unique_ptr<Stream>> made_;
  std::vector<Stream*> free_;
  std::size_t size_ = 0;
};

// Which closed streams a client may still speak of: those that this side reset, since the client
// did not know it yet (RFC 9113, 5.1); and ids it passed over, which it must not use any more
// (5.1.1). Both lists are short: of what is too long ago to be known, the mild thing is assumed.
class ClosedStreams {
public:
  void note_reset(StreamId id);
  // By this side, before the client had ended its request; or too long ago to know.
  bool may_be_reset(StreamId id) const;
  void note_passed_over(StreamId first, StreamId last);
  bool was_passed_over(StreamId id) const;

private:
  struct Range {
    StreamId first;
    StreamId last;
  };
  static constexpr std::size_t kResets = 128;
  static constexpr std::size_t kRanges = 16;

  std::vector<StreamId> resets_; // a ring once it is full
  std::size_t next_reset_ = 0;
  StreamId forgotten_ = 0; // the highest that fell out of the ring
  std::vector<Range> ranges_;
};

} // namespace selvedge::codec::h2
