// The content of a response as it is kept and streamed: a chain of chunks with one writer and any
// number of readers, each at its own place. A body that is complete never changes again. The same
// chain serves a hit, everybody who waits for a fill, and a pass: in the last case the chain
// forgets its beginning, so that chunks go as soon as they have been read.
//
// Publication: the writer fills a chunk, then raises `filled` with release order; a reader loads it
// with acquire order and touches only bytes below it. No lock.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/http/body_source.hpp>
#include <selvedge/http/head_block.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

namespace selvedge::cache {

// Bytes held for stored responses and for fills on their way: raised when memory is taken, lowered
// when it is really given back, so an evicted object that a slow client still reads counts too.
// Thread: any.
class MemoryLedger {
public:
  void take(std::size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::size_t> bytes_{0};
};

class Body;
class ContentIndex;

using ContentDigest = std::array<unsigned char, 32>; // SHA-256

// One block of content, header and bytes in one allocation.
class Chunk {
public:
  static constexpr std::size_t kAllocation = 65536; // the whole block of a full-sized chunk

  std::string_view filled() const { return {bytes(), filled_.load(std::memory_order_acquire)}; }
  Chunk* next() const { return next_.load(std::memory_order_acquire); }
  std::size_t capacity() const { return capacity_; }

  friend void intrusive_ptr_add_ref(Chunk* chunk) {
    chunk->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(Chunk* chunk);

private:
  friend class Body;
  Chunk(Body& body, std::uint32_t capacity, std::uint32_t allocated)
      : body_(body), capacity_(capacity), allocated_(allocated) {}
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }

  Body& body_;                        // every holder of a chunk holds the body
  std::atomic<Chunk*> next_{nullptr}; // owns one reference to it
  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> filled_{0};
  std::uint32_t capacity_;
  std::uint32_t allocated_; // what the allocator really took
};

class Body {
public:
  enum class State : std::uint8_t { growing, complete, failed };

  struct Options {
    std::optional<std::uint64_t> length; // of the whole content, when it is known beforehand
    MemoryLedger* ledger = nullptr;      // who is charged; null for a pass
  };
  explicit Body(const Options& options);
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // --- the writer. Thread: one at a time.
  void append(std::string_view bytes);
  // Where the next bytes go, for who can write them there instead of having them copied: at least
  // one byte, until the next call. `wanted` is a guess at how many will come.
  std::span<char> room(std::size_t wanted);
  void commit(std::size_t bytes);                         // of the room: they are there
  void set_trailers(http::HeadBlock trailers);            // before finish()
  void set_coded(std::uint64_t bytes) { coded_ = bytes; } // likewise: what it was made of
  void finish();
  void fail(base::Error error);
  // From now on a chunk lives only as long as a reader holds it or one before it.
  void forget_beginning() { head_.reset(); }
  // The first chunk, null before the first byte. Thread: the writer, or any once the body is
  // complete.
  Chunk* first() const { return head_.get(); }

  // --- anybody. Thread: any.
  State state() const { return state_.load(std::memory_order_acquire); }
  base::Error error() const { return error_; } // Requires: state() == failed
  std::uint64_t appended() const { return appended_.load(std::memory_order_acquire); }
  std::optional<std::uint64_t> length() const; // known beforehand, or because it is complete
  const http::HeadBlock& trailers() const { return trailers_; } // Requires: state() == complete
  // Bytes of the content that was coded; of content as it came its own. Requires: as trailers().
  std::uint64_t content_bytes() const { return coded_.value_or(appended()); }
  // No other body has it. What was made of this content is known by that.
  std::uint64_t id() const { return id_; }
  // Of its content; null where nobody has told the ContentIndex. Requires: the body is of a
  // response that the store has or had.
  const ContentDigest* digest() const { return contents_ != nullptr ? &digest_ : nullptr; }
  // Memory of chunks alive, in bytes as the allocator counts them.
  std::size_t live_bytes() const { return live_bytes_.load(); } // seq_cst: see Fill::wait_for_room

private:
  friend void intrusive_ptr_release(Chunk* chunk);
  friend void intrusive_ptr_add_ref(Body* body) {
    body->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(Body* body);
  friend class ContentIndex;
  // One more holder, unless the last has let go of it.
  bool try_keep() {
    std::uint32_t holders = references_.load(std::memory_order_relaxed);
    while (holders != 0) {
      if (references_.compare_exchange_weak(holders, holders + 1, std::memory_order_acq_rel)) {
        return true;
      }
    }
    return false;
  }
  Chunk* new_chunk(std::size_t wanted);
  Chunk& growing_chunk(std::size_t wanted);
  static void free_chunk(Chunk* chunk);

  std::atomic<std::uint32_t> references_{0};
  const std::uint64_t id_;
  ContentIndex* contents_ = nullptr; // where it is known by its content; null: nowhere
  ContentDigest digest_{};
  boost::intrusive_ptr<Chunk> head_; // null once the beginning is forgotten
  boost::intrusive_ptr<Chunk> tail_; // writer only
  std::atomic<std::uint64_t> appended_{0};
  std::atomic<std::size_t> live_bytes_{0};
  std::optional<std::uint64_t> known_length_;
  std::optional<std::uint64_t> coded_;
  MemoryLedger* ledger_;
  http::HeadBlock trailers_;
  base::Error error_{};
  std::atomic<State> state_{State::growing};
};

// One reader's place in a body. Thread: one.
class BodyReader final : public http::BodySource {
public:
  BodyReader() = default;
  // Of a complete body, which keeps its beginning. Requires: `body` outlives the reader.
  explicit BodyReader(Body& body) : body_(&body), chunk_(body.first()) {}
  // Of a body on its way: start() follows when there is a first chunk. The reader holds the chunk
  // it is at, since such a body may forget its beginning, and with it the body.
  static BodyReader growing(Body& body) {
    BodyReader reader;
    reader.body_ = &body;
    reader.owner_ = &body;
    return reader;
  }
  bool is_started() const { return chunk_ != nullptr; }
  void start(boost::intrusive_ptr<Chunk> first) {
    chunk_ = first.get();
    held_ = std::move(first);
  }

  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  std::span<const http::Field> trailers() const override;
  std::uint64_t consumed() const { return consumed_; }
  // Goes to `offset` of the content; true when it is there. Forward by consuming what has come,
  // so that false means "not yet". Backward only in a complete body that keeps its beginning.
  bool seek(std::uint64_t offset);
  // Gives up its place, so that chunks nobody else wants go. Only consumed() may be called after
  // it.
  void leave() {
    chunk_ = nullptr;
    held_.reset();
    owner_.reset();
  }

private:
  Body* body_ = nullptr;
  boost::intrusive_ptr<Body>
      owner_; // body_, of a growing one; goes after the chunk that refers to it
  Chunk* chunk_ = nullptr;
  boost::intrusive_ptr<Chunk> held_; // chunk_, of a growing body
  std::size_t offset_ = 0;           // within chunk_
  std::uint64_t consumed_ = 0;
};

} // namespace selvedge::cache
