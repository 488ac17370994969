#include "replay.hpp"

#include <selvedge/base/block_bytes.hpp>
#include <selvedge/cache/body.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <vector>

namespace selvedge::bench {

namespace {

// For accounting by content every byte of the trace is this many units of the store, so that what
// the store adds for each object, some hundred units, is less than one byte.
constexpr std::uint64_t kUnits = 1024;

// The size whose room, a sixteenth less, is `room`.
std::size_t size_with_room(std::uint64_t room) {
  return static_cast<std::size_t>(room + room / 15);
}

// What the chunks of a body of known length take.
std::size_t chunk_bytes(std::uint64_t content) {
  constexpr std::uint64_t kFull = cache::Chunk::kAllocation - sizeof(cache::Chunk);
  const std::uint64_t rest = content % kFull;
  const std::size_t full = static_cast<std::size_t>(content / kFull) * cache::Chunk::kAllocation;
  return rest == 0
             ? full
             : full + base::block_bytes(static_cast<std::size_t>(rest) + sizeof(cache::Chunk));
}

// A head as servers of files send it.
http::FieldList file_head() {
  http::FieldList head;
  head.add("date", "Wed, 01 Jan 2025 12:00:00 GMT");
  head.add("server", "example");
  head.add("content-type", "application/octet-stream");
  head.add("cache-control", "public, max-age=3600");
  head.add("etag", "\"3f9c1d2b-1a2b3c\"");
  head.add("last-modified", "Tue, 31 Dec 2024 08:00:00 GMT");
  return head;
}

class Replay {
public:
  explicit Replay(const ReplayOptions& options)
      : accounting_(options.accounting), store_(store_options(options)),
        body_(new cache::Body({})) {
    body_->finish();
    if (accounting_ == Accounting::real) head_ = file_head();
  }

  bool finds(const TraceObject& object) {
    return store_.find({object.key, object.print}, request_) != nullptr;
  }

  void insert(const TraceObject& object, std::uint64_t bytes) {
    cache::StoredResponse::Parts parts;
    parts.key = object.key;
    parts.print = object.print;
    parts.head = http::HeadBlock(head_);
    parts.body = body_; // of all of them; it is empty
    const std::size_t elsewhere = accounting_ == Accounting::real
                                      ? chunk_bytes(bytes)
                                      : static_cast<std::size_t>(bytes * kUnits);
    store_.insert(new cache::StoredResponse(std::move(parts), &store_.ledger(), elsewhere));
  }

private:
  static cache::Store::Options store_options(const ReplayOptions& options) {
    cache::Store::Options store = options.store;
    store.size = options.accounting == Accounting::real ? static_cast<std::size_t>(options.capacity)
                                                        : size_with_room(options.capacity * kUnits);
    return store;
  }

  const Accounting accounting_;
  cache::Store store_;
  boost::intrusive_ptr<cache::Body> body_;
  http::FieldList head_;
  http::RequestHead request_;
};

} // namespace

Misses replay(const Trace& trace, const ReplayOptions& options) {
  Replay replay(options);
  // Of what was inserted last for each object. Whether that is still there is for the store to say.
  std::vector<std::uint64_t> stored_sizes(trace.objects.size());
  Misses misses;
  for (const TraceRequest& request : trace.requests) {
    const TraceObject& object = trace.objects[request.object];
    if (replay.finds(object) && stored_sizes[request.object] == request.bytes) continue;
    ++misses.requests;
    misses.bytes += request.bytes;
    if (request.bytes > options.max_object) continue;
    replay.insert(object, request.bytes);
    stored_sizes[request.object] = request.bytes;
  }
  return misses;
}

} // namespace selvedge::bench
