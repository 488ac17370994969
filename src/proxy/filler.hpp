// Obtains one response: a coroutine on the worker that began it, which asks the origin and feeds a
// Fill. It belongs to nobody: when it has ended, its frame lets it go.
// Thread: its worker; Fill::Producer's calls from any.
#pragma once

#include "forward.hpp"

#include <selvedge/net/event.hpp>
#include <selvedge/proxy/proxy.hpp>
#include <selvedge/upstream/origin.hpp>

#include <memory>

namespace selvedge::proxy {

// Content of a client's request on its way to the origin. The client may go at any time: then there
// is no more, and the origin's server sees its request cut off.
class ContentRelay final : public http::BodySource {
public:
  explicit ContentRelay(http::BodySource* from) : from_(from) {}
  void detach();

  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  void set_sink(http::BodySink* sink) override;

private:
  http::BodySource* from_;
  http::BodySink* sink_ = nullptr;
};

class Filler final : public std::enable_shared_from_this<Filler>, private cache::Fill::Producer {
public:
  struct Task {
    cache::FillPtr fill;
    std::shared_ptr<const Routing> routing; // keeps the route and its origin
    const Route* route = nullptr;
    Purpose purpose = Purpose::fill;
    cache::StoredResponsePtr stale;      // to be validated; null: fetched anew
    http::BodySource* content = nullptr; // of the client's request
  };
  // Copies of the request what it needs.
  static std::shared_ptr<Filler> start(Proxy& proxy, const http::RequestHead& request,
                                       const downstream::ClientConnection& client, Task task);

  Filler(Proxy& proxy, const http::RequestHead& request, const downstream::ClientConnection& client,
         Task task);
  ~Filler();

  // The client whose content is being sent has gone.
  void detach_client();

private:
  static boost::asio::awaitable<void> run(std::shared_ptr<Filler> self);
  void on_room() override;
  void on_abandoned() override;

  void take_head(http::ResponseHead& head);
  void refresh_stale(http::ResponseHead& head);
  void keep_alone(http::ResponseHead& head, const cache::StoreDecision& decision);
  cache::StoredResponse::Parts parts_of(http::ResponseHead& head,
                                        const cache::Freshness& freshness);
  void take_trailers(const http::FieldList& trailers);
  void take_content(const base::Result<std::string_view>& piece);
  void append(std::string_view bytes);
  void stop_storing();
  void complete();
  void fail(base::Error error);
  bool must_wait() const;
  bool is_unwanted() const;

  Proxy& proxy_;
  Task task_;
  base::Arena arena_;
  http::RequestHead head_;
  http::RequestHead request_; // of the client, for Vary and the rules of storing
  ContentRelay content_;
  upstream::Cancellation cancellation_;
  net::Event room_;
  base::Instant requested_;
  boost::intrusive_ptr<cache::StoredResponse> response_;
  bool is_storing_ = false;
  bool is_over_ = false;
};

} // namespace selvedge::proxy
