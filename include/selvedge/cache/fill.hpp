// One attempt to obtain a response, shared by everybody who wants it. It belongs to the cache, not
// to the client that caused it: a client that leaves only unsubscribes.
//
// waiting -> streaming -> complete | failed   what followers may read
// waiting -> alone                            the answer is not for sharing; followers go their way
// waiting -> failed
//
// Thread: the producer's calls from one thread; subscribe, unsubscribe and the getters from any.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <boost/intrusive/list.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace selvedge::cache {

class Fill : public boost::intrusive_ref_counter<Fill, boost::thread_safe_counter> {
public:
  enum class State : std::uint8_t { waiting, streaming, complete, failed, alone };

  // Who wants the answer. on_progress() is called with a lock held, on the producer's thread: it
  // may only note the fact and hand it to the reader's worker.
  class Reader : public boost::intrusive::list_base_hook<> {
  public:
    virtual void on_progress() = 0;

  protected:
    ~Reader() = default;

  private:
    friend class Fill;
    boost::intrusive_ptr<Chunk> first_; // given by the producer, kept until the reader takes it
  };

  // Who fetches. Both calls come with a lock held, on a reader's thread: the producer may only hand
  // the fact to its worker.
  class Producer {
  public:
    virtual void on_room() = 0;      // it waited because too much was unread
    virtual void on_abandoned() = 0; // the last reader has left

  protected:
    ~Producer() = default;
  };

  // `variant` tells apart fills of one key that run side by side: the vary text of those who want
  // it.
  Fill(std::string key, base::Fingerprint print, std::string variant = {})
      : key_(std::move(key)), print_(print), variant_(std::move(variant)) {}

  // --- readers
  void subscribe(Reader& reader);
  // After it returns, on_progress() is not and will not be called. Returns readers left.
  std::size_t unsubscribe(Reader& reader);
  State state() const { return state_.load(std::memory_order_acquire); }
  // Requires: state() is streaming, complete or alone.
  const boost::intrusive_ptr<StoredResponse>& response() const { return response_; }
  base::Error error() const { return error_; } // Requires: state() == failed
  std::string_view key() const { return key_; }
  const base::Fingerprint& print() const { return print_; }
  std::string_view variant() const { return variant_; }
  // Fields of the answer that only the one who caused it may have: they are not stored (RFC
  // 9111, 5.2.2.4 and 5.2.2.7). Requires: as response().
  const http::HeadBlock& leader_fields() const { return leader_fields_; }
  // The origin confirmed a stored response instead of sending one.
  bool was_validated() const { return was_validated_; } // Requires: state() is not waiting
  // The beginning of the body, once for each reader; null while there is none.
  boost::intrusive_ptr<Chunk> take_first(Reader& reader);
  // To be called after consuming: lets a waiting producer go on.
  void note_consumed();

  // --- the producer
  void set_producer(Producer* producer); // null when it ends: then it is not called any more
  // Before any of those that follow.
  void note_validated() { was_validated_ = true; }
  void set_leader_fields(http::HeadBlock fields) { leader_fields_ = std::move(fields); }
  void stream(boost::intrusive_ptr<StoredResponse> response);
  // The answer is for the leader only.
  void keep_alone(boost::intrusive_ptr<StoredResponse> response);
  void complete();
  void fail(base::Error error);
  void wake_readers(); // after content was appended
  std::size_t readers() const;
  // No new reader will come (see FillTable::remove): chunks go once all of today's have read them.
  void forget_beginning();
  // True: unread content exceeds `window` bytes, and the producer is told when it does not any
  // more.
  bool wait_for_room(std::size_t window);

  // A purge that arrives during the fill wins: what is being fetched is not stored.
  void forbid_storing() { may_store_.store(false, std::memory_order_release); }
  bool may_store() const { return may_store_.load(std::memory_order_acquire); }

private:
  void settle(State state);

  const std::string key_;
  const base::Fingerprint print_;
  const std::string variant_;
  std::atomic<State> state_{State::waiting};
  std::atomic<bool> may_store_{true};
  boost::intrusive_ptr<StoredResponse> response_; // written once, before the state that shows it
  http::HeadBlock leader_fields_;                 // likewise
  base::Error error_{};
  bool was_validated_ = false;
  std::atomic<std::size_t> window_{0}; // not 0: the producer waits
  mutable std::mutex mutex_;           // guards what follows
  boost::intrusive::list<Reader> readers_;
  boost::intrusive_ptr<Chunk> first_; // for readers yet to come, unless the beginning is forgotten
  Producer* producer_ = nullptr;
  bool first_was_given_ = false;
  bool forgets_ = false;
};

using FillPtr = boost::intrusive_ptr<Fill>;

// The fills under way, by key: at most one for each key and variant. Thread: any.
class FillTable {
public:
  explicit FillTable(std::size_t stripes = 64);
  ~FillTable();

  struct Joined {
    FillPtr fill;
    bool is_leader = false; // the caller must produce, and end the fill whatever happens
  };
  // `reader` is subscribed in the same step, so that no progress is missed.
  Joined join(const CacheKey& key, std::string_view variant, Fill::Reader& reader);
  // As join() without a reader: starts a fill that nobody waits for, or gives null when one is
  // under way.
  FillPtr begin(const CacheKey& key);
  // Whether a fill of the key is under way that later requests may join.
  bool contains(const base::Fingerprint& print) const;
  // No more followers. Does nothing for a fill that is not (any more) in the table.
  void remove(const Fill& fill);
  // For purges: the key's fills under way must not be stored, and later requests start their own.
  bool forget(const base::Fingerprint& print);
  std::size_t size() const;

private:
  struct Stripe;
  Stripe& stripe_of(const base::Fingerprint& print) const;
  std::size_t stripe_count_;
  std::unique_ptr<Stripe[]> stripes_;
};

} // namespace selvedge::cache
