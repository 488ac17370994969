#include "filler.hpp"

#include <selvedge/http/http_date.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace selvedge::proxy {

using base::Error;
using base::ErrorCode;
using http::FieldName;

namespace {

// How long requests for something that is not stored do not queue behind each other.
constexpr base::Seconds kPassMarkerLifetime{10};

http::RequestHead copy_of(const http::RequestHead& request, base::Arena& arena) {
  http::RequestHead copy = request;
  copy.method_text = arena.copy(request.method_text);
  copy.scheme = arena.copy(request.scheme);
  copy.authority = arena.copy(request.authority);
  copy.target = arena.copy(request.target);
  copy.fields.clear();
  for (const http::Field& field : request.fields) {
    copy.fields.add(http::Field{field.id, arena.copy(field.name), arena.copy(field.value)});
  }
  return copy;
}

// Fields of a response that this node writes anew for each answer, or keeps to itself.
bool is_ours(FieldName id) {
  switch (id) {
  case FieldName::age:
  case FieldName::cache_status:
  case FieldName::proxy_status:
  case FieldName::surrogate_control:
  case FieldName::surrogate_key:
  case FieldName::selvedge_cache_control:
    return true;
  default:
    return false;
  }
}

} // namespace

// --- ContentRelay

void ContentRelay::detach() {
  if (from_ == nullptr) return;
  from_->set_sink(nullptr);
  from_ = nullptr;
  if (sink_ != nullptr) sink_->on_body_ready();
}

http::BodySource::Peek ContentRelay::peek(std::span<std::string_view> views) {
  if (from_ == nullptr) return {http::BodyState::failed, 0, false};
  return from_->peek(views);
}

void ContentRelay::consume(std::size_t bytes) {
  if (from_ != nullptr) from_->consume(bytes);
}

void ContentRelay::set_sink(http::BodySink* sink) {
  sink_ = sink;
  if (from_ != nullptr) from_->set_sink(sink);
}

// --- Filler

Filler::Filler(Proxy& proxy, const http::RequestHead& request,
               const downstream::ClientConnection& client, Task task)
    : proxy_(proxy), task_(std::move(task)), request_(copy_of(request, arena_)),
      content_(task_.content), room_(proxy.worker_.io().get_executor()),
      requested_(proxy.worker_.now()) {
  const bool was_h2 = request.version == http::Version::http_2;
  head_ =
      forwarded_head(request, client, was_h2 ? proxy.via_to_origin_h2_ : proxy.via_to_origin_h1_,
                     task_.purpose, arena_);
  if (!task_.stale) return;
  if (!task_.stale->etag().empty()) {
    head_.fields.add(FieldName::if_none_match, arena_.copy(task_.stale->etag()));
  }
  if (!task_.stale->last_modified().empty()) {
    head_.fields.add(FieldName::if_modified_since, arena_.copy(task_.stale->last_modified()));
  }
}

Filler::~Filler() {
  if (task_.fill) task_.fill->set_producer(nullptr);
}

std::shared_ptr<Filler> Filler::start(Proxy& proxy, const http::RequestHead& request,
                                      const downstream::ClientConnection& client, Task task) {
  const bool is_pass = task.purpose == Purpose::pass;
  (is_pass ? proxy.counters_.passes : proxy.counters_.fills).add();
  if (task.stale) proxy.counters_.revalidations.add();
  auto filler = std::make_shared<Filler>(proxy, request, client, std::move(task));
  filler->task_.fill->set_producer(filler.get());
  boost::asio::co_spawn(proxy.worker_.io(), run(filler), boost::asio::detached);
  return filler;
}

boost::asio::awaitable<void> Filler::run(std::shared_ptr<Filler> self) {
  upstream::FetchRequest request;
  request.head = &self->head_;
  request.content = self->task_.content != nullptr ? &self->content_ : nullptr;
  request.cancellation = &self->cancellation_;
  base::Result<upstream::OriginResponsePtr> fetched =
      co_await self->task_.route->origin->fetch(request);
  if (!fetched) {
    self->fail(fetched.error());
    co_return;
  }
  const upstream::OriginResponsePtr response = std::move(*fetched);
  http::ResponseHead head = response->head();
  self->take_head(head);
  while (!self->is_over_) {
    const base::Result<std::string_view> piece = co_await response->read();
    if (piece && piece->empty()) self->take_trailers(response->trailers());
    self->take_content(piece);
    while (self->must_wait()) co_await self->room_.wait();
  }
}

// RFC 9110, 6.5.1: what frames, routes, authenticates or describes a message means nothing behind
// it, and could be taken for a header field by somebody who merges both. The names this node acts
// on are such; of them only Server-Timing is meant to be sent late.
void Filler::take_trailers(const http::FieldList& trailers) {
  http::FieldList kept;
  for (const http::Field& field : trailers) {
    if (field.id == FieldName::unknown || field.id == FieldName::server_timing) kept.add(field);
  }
  if (!kept.empty()) response_->body().set_trailers(http::HeadBlock(kept));
}

void Filler::take_content(const base::Result<std::string_view>& piece) {
  if (!piece) return fail(piece.error());
  if (piece->empty()) return complete();
  append(*piece);
  if (is_unwanted()) fail({ErrorCode::cancelled, base::ErrorSource::internal});
}

void Filler::take_head(http::ResponseHead& head) {
  http::remove_hop_by_hop(head.fields);
  const base::Instant now = proxy_.worker_.now();
  if (head.fields.find(FieldName::date) == nullptr) {
    head.fields.add(FieldName::date, arena_.copy(http::http_date(now.wall))); // RFC 9110, 6.6.1
  }
  if (task_.stale && head.status == 304) return refresh_stale(head);
  const cache::CachePolicy& policy = task_.route->policy;
  const cache::StoreDecision decision =
      cache::decide_store(request_, head, requested_, now, policy);
  const auto vary = cache::vary_text(head.fields, request_);
  is_storing_ =
      task_.purpose == Purpose::fill && decision.may_store && vary && task_.fill->may_store();
  if (!is_storing_) return keep_alone(head, decision);

  auto parts = parts_of(head, decision.freshness);
  parts.vary = *vary;
  parts.body = new cache::Body({head.content_length, &proxy_.store_.ledger()});
  response_ = new cache::StoredResponse(std::move(parts), &proxy_.store_.ledger());
  task_.fill->stream(response_);
}

cache::StoredResponse::Parts Filler::parts_of(http::ResponseHead& head,
                                              const cache::Freshness& freshness) {
  cache::StoredResponse::Parts parts;
  parts.key = task_.fill->key();
  parts.print = task_.fill->print();
  parts.status = head.status;
  parts.freshness = freshness;
  const auto date = http::parse_http_date(head.fields.value(FieldName::date), requested_.wall);
  parts.date = date.value_or(requested_.wall);
  head.fields.remove_if([](const http::Field& field) { return is_ours(field.id); });
  parts.head = http::HeadBlock(head.fields);
  return parts;
}

// The answer is not for storing: it goes through a window to the one who asked for it.
void Filler::keep_alone(http::ResponseHead& head, const cache::StoreDecision& decision) {
  proxy_.fills_.remove(*task_.fill);
  const bool leaves_marker = task_.purpose == Purpose::fill && head.status < 500;
  auto parts = parts_of(head, decision.freshness);
  if (leaves_marker) {
    cache::StoredResponse::Parts marker;
    marker.key = parts.key;
    marker.print = parts.print;
    marker.is_pass_marker = true;
    marker.freshness.response_time = proxy_.worker_.now().steady;
    marker.freshness.lifetime = kPassMarkerLifetime;
    proxy_.store_.insert(new cache::StoredResponse(std::move(marker), &proxy_.store_.ledger()));
  }
  parts.body = new cache::Body({head.content_length, nullptr});
  response_ = new cache::StoredResponse(std::move(parts), nullptr);
  task_.fill->forget_beginning();
  task_.fill->keep_alone(response_);
}

// RFC 9111, 4.3.4 and 3.2: the stored response with the fields of the 304, but for those that
// describe its content, which is shared.
void Filler::refresh_stale(http::ResponseHead& head) {
  const auto describes_content = [](FieldName id) {
    return id == FieldName::content_encoding || id == FieldName::content_type ||
           id == FieldName::content_range;
  };
  http::FieldList fields;
  for (const http::Field& old : task_.stale->head().fields()) {
    if (describes_content(old.id) || head.fields.find(old.name) == nullptr) fields.add(old);
  }
  for (const http::Field& field : head.fields) {
    if (!describes_content(field.id)) fields.add(field);
  }
  head.fields = fields;
  head.status = task_.stale->status();
  head.content_length = task_.stale->body().length();
  const cache::StoreDecision decision =
      cache::decide_store(request_, head, requested_, proxy_.worker_.now(), task_.route->policy);
  auto parts = parts_of(head, decision.freshness);
  parts.vary = task_.stale->vary();
  parts.body = task_.stale->shared_body();
  response_ = new cache::StoredResponse(std::move(parts), &proxy_.store_.ledger());
  is_over_ = true;
  if (decision.may_store && task_.fill->may_store()) proxy_.store_.insert(response_);
  task_.fill->stream_validated(response_);
  proxy_.fills_.remove(*task_.fill);
}

void Filler::append(std::string_view bytes) {
  response_->body().append(bytes);
  if (is_storing_) {
    if (response_->body().appended() > task_.route->policy.max_object) stop_storing();
    proxy_.store_.make_room();
  }
  task_.fill->wake_readers();
}

// Content of unknown length has turned out too large to be kept.
void Filler::stop_storing() {
  is_storing_ = false;
  proxy_.fills_.remove(*task_.fill);
  task_.fill->forget_beginning();
}

void Filler::complete() {
  is_over_ = true;
  const bool has_content =
      head_.method != http::Method::head && !http::has_no_content(response_->status());
  if (has_content && response_->body().length() &&
      *response_->body().length() != response_->body().appended()) {
    return fail({ErrorCode::protocol, base::ErrorSource::upstream});
  }
  if (is_storing_) {
    response_->body().finish(); // before anybody can find it
    if (task_.fill->may_store()) {
      proxy_.store_.insert(response_);
      proxy_.counters_.stored.add();
    }
  }
  task_.fill->complete();
  proxy_.fills_.remove(*task_.fill);
}

void Filler::fail(Error error) {
  is_over_ = true;
  proxy_.fills_.remove(*task_.fill); // the next request may try again
  task_.fill->fail(error);
}

// What is not stored may be ahead of its reader by a window only.
bool Filler::must_wait() const {
  return !is_over_ && !is_storing_ && !is_unwanted() &&
         task_.fill->wait_for_room(proxy_.options_.pass_window);
}

// Nobody reads what is not being stored either.
bool Filler::is_unwanted() const {
  return !is_storing_ && task_.fill->readers() == 0;
}

void Filler::detach_client() {
  content_.detach();
}

void Filler::on_room() {
  proxy_.worker_.post([self = shared_from_this()] { self->room_.set(); });
}

void Filler::on_abandoned() {
  proxy_.worker_.post([self = shared_from_this()] {
    if (self->is_over_) return;
    self->room_.set();
    // A fill goes on for those who come later; a pass, or what turned out to be one, has no
    // purpose.
    const bool is_pass = self->task_.purpose == Purpose::pass;
    if (is_pass || (self->response_ && !self->is_storing_)) self->cancellation_.cancel();
  });
}

} // namespace selvedge::proxy
