#include <selvedge/cache/body.hpp>

#include <selvedge/base/assert.hpp>

#include <algorithm>
#include <cstring>
#include <malloc.h>
#include <new>

namespace selvedge::cache {

namespace {

constexpr std::size_t kMaxCapacity = Chunk::kAllocation - sizeof(Chunk);
// Content of unknown length starts small and doubles, so that a short answer does not hold 64 KiB.
constexpr std::size_t kFirstCapacity = 4096 - sizeof(Chunk);

} // namespace

void intrusive_ptr_release(Chunk* chunk) {
  // A chunk owns the next one. Freed in a loop: a long chain must not recurse.
  while (chunk != nullptr && chunk->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Chunk* next = chunk->next_.load(std::memory_order_relaxed);
    Body::free_chunk(chunk);
    chunk = next;
  }
}

namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace

Body::Body(const Options& options)
    : id_(next_id()), known_length_(options.length), ledger_(options.ledger) {}

// The chunks go while the counts they are subtracted from are still there.
Body::~Body() {
  tail_.reset();
  head_.reset();
  if (ledger_ != nullptr) ledger_->give_back(trailers_.allocated_bytes());
}

std::optional<std::uint64_t> Body::length() const {
  if (known_length_) return known_length_;
  if (state() == State::complete) return appended();
  return {};
}

Chunk* Body::new_chunk(std::size_t wanted) {
  std::size_t capacity = kMaxCapacity;
  if (known_length_) {
    const std::uint64_t left = *known_length_ - std::min(*known_length_, appended());
    // One byte more than will come, so that who reads into it sees that nothing follows. An origin
    // may send more than it announced: the reader of its answer finds that out, not this.
    const std::uint64_t useful = left > 0 ? left + 1 : wanted;
    capacity = static_cast<std::size_t>(std::min<std::uint64_t>(useful, kMaxCapacity));
  } else {
    const std::size_t doubled = tail_ ? 2 * tail_->capacity() : kFirstCapacity;
    capacity = std::min(std::max(doubled, std::min(wanted, kMaxCapacity)), kMaxCapacity);
  }
  void* memory = ::operator new(sizeof(Chunk) + capacity);
  const std::size_t allocated = malloc_usable_size(memory);
  auto* chunk = ::new (memory)
      Chunk(*this, static_cast<std::uint32_t>(capacity), static_cast<std::uint32_t>(allocated));
  live_bytes_.fetch_add(allocated, std::memory_order_relaxed);
  if (ledger_ != nullptr) ledger_->take(allocated);
  return chunk;
}

void Body::free_chunk(Chunk* chunk) {
  Body& body = chunk->body_;
  const std::size_t allocated = chunk->allocated_;
  chunk->~Chunk();
  ::operator delete(chunk);
  body.live_bytes_.fetch_sub(allocated); // seq_cst: see Fill::wait_for_room
  if (body.ledger_ != nullptr) body.ledger_->give_back(allocated);
}

// The chunk that is filled next; it has room for at least one byte.
Chunk& Body::growing_chunk(std::size_t wanted) {
  if (tail_ && tail_->filled_.load(std::memory_order_relaxed) < tail_->capacity_) return *tail_;
  Chunk* chunk = new_chunk(wanted);
  if (!tail_) {
    // The reference a chunk is born with belongs to the head; after that, to its predecessor.
    head_ = boost::intrusive_ptr<Chunk>(chunk, false);
  } else {
    tail_->next_.store(chunk, std::memory_order_release);
  }
  tail_ = chunk;
  return *chunk;
}

void Body::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> into = room(bytes.size());
    const std::size_t n = std::min(into.size(), bytes.size());
    std::memcpy(into.data(), bytes.data(), n);
    commit(n);
    bytes.remove_prefix(n);
  }
}

std::span<char> Body::room(std::size_t wanted) {
  SELVEDGE_ASSERT(state_.load(std::memory_order_relaxed) == State::growing);
  Chunk& chunk = growing_chunk(wanted);
  const std::uint32_t filled = chunk.filled_.load(std::memory_order_relaxed);
  return {chunk.bytes() + filled, chunk.capacity_ - filled};
}

void Body::commit(std::size_t bytes) {
  SELVEDGE_ASSERT(tail_ && bytes <= tail_->capacity_ - tail_->filled_.load());
  const std::uint32_t filled = tail_->filled_.load(std::memory_order_relaxed);
  tail_->filled_.store(filled + static_cast<std::uint32_t>(bytes), std::memory_order_release);
  appended_.store(appended_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

void Body::set_trailers(http::HeadBlock trailers) {
  SELVEDGE_ASSERT(trailers_.allocated_bytes() == 0);
  trailers_ = std::move(trailers);
  if (ledger_ != nullptr) ledger_->take(trailers_.allocated_bytes());
}

void Body::finish() {
  state_.store(State::complete, std::memory_order_release);
}

void Body::fail(base::Error error) {
  error_ = error;
  state_.store(State::failed, std::memory_order_release);
}

http::BodySource::Peek BodyReader::peek(std::span<std::string_view> views) {
  Peek result;
  // The state first: content that was appended before it settled is then visible below.
  const Body::State state = body_->state();
  std::size_t offset = offset_;
  std::uint64_t reached = consumed_;
  for (Chunk* chunk = chunk_; chunk != nullptr && result.count < views.size(); offset = 0) {
    // The next one before what this one has: where there is a next one, this one is full. The other
    // way round the writer may fill this one and begin the next in between, and what came last in
    // this one would be passed over.
    Chunk* const next = chunk->next();
    const std::string_view bytes = chunk->filled().substr(offset);
    chunk = next;
    if (bytes.empty()) continue;
    views[result.count++] = bytes;
    reached += bytes.size();
  }
  if (result.count > 0) {
    result.state = http::BodyState::ready;
    result.is_last = state == Body::State::complete && reached == body_->appended();
  } else if (state == Body::State::growing) {
    result.state = http::BodyState::pending;
  } else if (state == Body::State::failed) {
    result.state = http::BodyState::failed;
  } else {
    result.state = consumed_ == body_->appended() ? http::BodyState::end : http::BodyState::pending;
  }
  return result;
}

std::span<const http::Field> BodyReader::trailers() const {
  if (body_ == nullptr || body_->state() != Body::State::complete) return {};
  return body_->trailers().fields();
}

void BodyReader::consume(std::size_t bytes) {
  consumed_ += bytes;
  offset_ += bytes;
  while (chunk_ != nullptr && offset_ >= chunk_->capacity()) {
    Chunk* next = chunk_->next();
    if (next == nullptr) break;
    offset_ -= chunk_->capacity();
    chunk_ = next;
    if (owner_) held_ = next;
  }
}

bool BodyReader::seek(std::uint64_t offset) {
  if (offset < consumed_) {
    Chunk* const first = body_->state() == Body::State::complete ? body_->first() : nullptr;
    if (first == nullptr) return false;
    chunk_ = first;
    if (owner_) held_ = first;
    offset_ = 0;
    consumed_ = 0;
  }
  while (chunk_ != nullptr && consumed_ < offset) {
    const std::uint64_t here = chunk_->filled().size() - offset_;
    if (here > 0) {
      consume(static_cast<std::size_t>(std::min(here, offset - consumed_)));
    } else if (chunk_->next() != nullptr) {
      consume(0); // the chunk was full, and had no next one then
    } else {
      break;
    }
  }
  return consumed_ == offset;
}

} // namespace selvedge::cache
