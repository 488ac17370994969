// One request and its answer on one stream: decides where the answer comes from, waits for it where
// it must, and is the source of its content.
// Thread: the worker of the stream; on_progress() from any.
#pragma once

#include "filler.hpp"
#include "wake_queue.hpp"

#include <selvedge/cache/decide.hpp>
#include <selvedge/proxy/proxy.hpp>

namespace selvedge::proxy {

class Exchange final : public downstream::StreamUser,
                       public http::BodySource,
                       private cache::Fill::Reader,
                       private WakeQueue::Item {
public:
  Exchange(Proxy& proxy, downstream::Stream& stream) : proxy_(proxy), stream_(stream) {}

  void start();
  void refuse(base::Error error);
  void on_stream_end(const downstream::StreamEnd& end) override;

  // The content of the answer.
  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  std::span<const http::Field> trailers() const override { return reader_.trailers(); }

private:
  void on_progress() override { proxy_.wakes_->push(*this); }
  void resume() override;

  void look_up();
  void serve(cache::StoredResponsePtr stored, http::CacheOutcome outcome,
             const cache::CacheDecision& decision);
  void revalidate_in_background(const cache::StoredResponsePtr& stale);
  void join_fill(cache::StoredResponsePtr stale, std::string_view variant);
  bool serve_if_stored_meanwhile();
  void go_alone(std::string_view reason);
  void start_filler(Purpose purpose, cache::StoredResponsePtr stale);
  void leave_fill();
  void answer_from_fill();
  void follow_elsewhere();
  std::string variant_wanted(const cache::StoredResponse& other) const;
  void serve_fill();
  void answer_error(base::Error error);
  void answer_status(http::Status status);

  struct Extras { // what is written behind the stored fields
    std::array<http::Field, 6> fields;
    std::size_t count = 0;
    void add(http::FieldName id, std::string_view value) {
      fields[count++] = {id, text_of(id), value};
    }
  };
  void add_cache_fields(base::Seconds age);
  void respond_stored(const cache::StoredResponse& stored);
  bool is_not_modified(const cache::StoredResponse& stored) const;

  Proxy& proxy_;
  downstream::Stream& stream_;
  std::shared_ptr<const Routing> routing_;
  const Route* route_ = nullptr;
  cache::CacheKey key_;
  cache::StoredResponsePtr stored_;
  cache::FillPtr fill_;
  std::shared_ptr<Filler> filler_; // of our own request, when it carries content
  cache::BodyReader reader_;
  Extras extras_;
  std::string_view own_content_; // of an answer made here
  std::string_view forward_reason_;
  http::Status status_ = 0;
  http::CacheOutcome outcome_ = http::CacheOutcome::none;
  bool is_leader_ = false;
  bool looked_again_ = false;
  bool was_stale_ = false;
};

} // namespace selvedge::proxy
