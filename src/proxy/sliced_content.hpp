// A large object put together from slices of equal size, each stored, evicted and fetched by
// itself: whoever asks for the last minute of a long recording causes one slice to be fetched, and
// a thousand who ask for the whole cause each slice to be fetched once. A slice is a partial
// response (RFC 9111, 3.3) under a key of its own; all of an answer must have the validator and the
// length of the first, or the answer is cut off (RFC 9110, 15.3.7.3).
// Thread: the worker of the exchange; on_progress() from any.
#pragma once

#include "filler.hpp"
#include "wake_queue.hpp"

#include <selvedge/cache/decide.hpp>
#include <selvedge/proxy/proxy.hpp>

#include <optional>
#include <string>

namespace selvedge::proxy {

class SlicedContent final : public http::BodySource,
                            private cache::Fill::Reader,
                            private WakeQueue::Item {
public:
  // Who waits for it.
  class User {
  public:
    virtual void on_slice_head() = 0;  // head() or error() has come
    virtual void on_slice_ready() = 0; // after deliver(): peek() has something to say

  protected:
    ~User() = default;
  };
  struct Context {
    Proxy* proxy = nullptr;
    std::shared_ptr<const Routing> routing;
    const Route* route = nullptr;
    const http::RequestHead* request = nullptr;
    const downstream::ClientConnection* client = nullptr;
    cache::CacheKey key; // of the whole
  };
  SlicedContent(Context context, User& user) : context_(std::move(context)), user_(user) {}
  ~SlicedContent() { leave(); }

  // Begins with the slice that holds `offset`. What comes is told to the user, perhaps before this
  // returns.
  void open(std::uint64_t offset);

  // The first slice, or what the origin sent instead of one; null while it is awaited.
  const cache::StoredResponse* head() const { return head_.get(); }
  base::Error error() const { return error_; } // when head() is null in on_slice_head()
  bool is_from_store() const { return first_decision_.has_value(); }
  const cache::CacheDecision& decision() const { return *first_decision_; } // likewise
  bool is_leader() const { return is_leader_; }
  // The first slice was fetched for this and is being stored.
  bool is_stored() const {
    return is_leader_ && fill_ && fill_->state() != cache::Fill::State::alone && fill_->may_store();
  }
  // Whether it can be continued: a part with a known length and a validator.
  bool is_sliceable() const;
  // Of the whole. Requires: is_sliceable().
  std::uint64_t length() const { return *head_->content_range()->complete_length; }

  // Once, after head(): what is to be sent, in places of the whole. Requires: is_sliceable().
  void deliver(const http::ByteRange& range);
  // Likewise: all of what the origin sent instead of a slice.
  void deliver_body();

  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  // Nothing is wanted any more.
  void leave();

private:
  void on_progress() override { context_.proxy->wakes_->push(*this); }
  void resume() override;

  void obtain(std::uint64_t index);
  bool obtain_from_store(const cache::CacheKey& key, cache::StoredResponsePtr& stale);
  void obtain_from_origin(const cache::CacheKey& key, cache::StoredResponsePtr stale);
  void take_fill();
  void go_alone();
  void start_filler(cache::StoredResponsePtr stale);
  void leave_slice();
  void tell_user();
  void take_slice(boost::intrusive_ptr<const cache::StoredResponse> slice);
  bool may_share(const cache::StoredResponse& slice) const;
  bool belongs(const cache::StoredResponse& slice) const;
  bool is_slice(const http::ContentRange& part) const;
  bool is_current(std::uint64_t position) const;

  Context context_;
  User& user_;
  base::Arena arena_;
  cache::StoredResponsePtr head_;
  base::Error error_{};
  std::optional<cache::CacheDecision> first_decision_;
  std::uint64_t position_ = 0; // of the next byte to be sent
  std::uint64_t end_ = 0;      // behind the last one

  // The slice it is at.
  std::uint64_t index_ = 0;
  cache::StoredResponsePtr slice_; // null while it is awaited
  cache::FillPtr fill_;            // null for one from the store
  std::shared_ptr<Filler> filler_;
  cache::BodyReader reader_;
  bool is_leader_ = false;
  bool is_delivering_ = false;
  bool is_body_ = false; // not a slice
  bool has_failed_ = false;
};

} // namespace selvedge::proxy
