#include "filler.hpp"

#include "compression.hpp"

#include <selvedge/cache/combine.hpp>
#include <selvedge/overload/event_log.hpp>
#include <selvedge/proxy/differences.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <array>

namespace selvedge::proxy {

using base::Error;
using base::ErrorCode;
using http::FieldName;

namespace {

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

} // namespace

Filler::Filler(Proxy& proxy, const http::RequestHead& request,
               const downstream::ClientConnection& client, Task task)
    : proxy_(proxy), task_(std::move(task)), request_(copy_of(request, arena_)),
      content_(task_.content), room_(proxy.worker_.io().get_executor()),
      requested_(proxy.worker_.now()), born_(proxy.store_.purges().epoch()) {
  if (task_.purpose == Purpose::fill) { // also where a HEAD found that a stale response needs one
    request_.method = http::Method::get;
    request_.method_text = text_of(http::Method::get);
  }
  if (task_.taken.dictionary != nullptr) { // it lives as long as the request
    client_dictionary_ = *task_.taken.dictionary;
    task_.taken.dictionary = nullptr;
  }
  head_ = head_to_origin(client);
  const bool is_coded_here = task_.purpose == Purpose::fill && task_.route->compression;
  // An answer that is this client's alone comes as the origin codes it.
  if (task_.purpose == Purpose::pass && !task_.asked_codings.empty()) {
    head_.fields.add(FieldName::accept_encoding, arena_.copy(task_.asked_codings));
  }
  if (task_.expected || is_coded_here) {
    // A digest is that of the content as it is, and a part must be of what the others are of.
    const bool is_plain = task_.expected || !task_.range.empty();
    head_.fields.remove(FieldName::accept_encoding);
    std::string_view accepted = "identity";
    if (!is_plain) accepted = task_.route->compression->accepted_of_origin();
    head_.fields.add(FieldName::accept_encoding, accepted);
  }
  if (!task_.range.empty()) head_.fields.add(FieldName::range, arena_.copy(task_.range));
  if (task_.purpose == Purpose::fill) ask_to_confirm();
}

http::RequestHead Filler::head_to_origin(const downstream::ClientConnection& client) {
  const bool was_h2 = request_.version == http::Version::http_2;
  ForwardContext context{client, was_h2 ? proxy_.via_to_origin_h2_ : proxy_.via_to_origin_h1_,
                         task_.routing->forwarding(), task_.purpose,
                         task_.route->request_rules.get()};
  const bool may_be_stored =
      request_.method == http::Method::get || request_.method == http::Method::head;
  if (may_be_stored && task_.route->policy.enabled) context.caching = task_.route;
  TraceContext trace;
  if (task_.route->trace) {
    trace = continued_trace(request_.fields, proxy_.random_);
    notes_.trace_id = arena_.copy(trace.parent.trace());
    context.trace = &trace;
  }
  http::RequestHead head = forwarded_head(request_, context, arena_);
  if (origin().is_shield()) {
    head.fields.remove_if([](const http::Field& field) {
      return http::equals_ignoring_case(field.name, kSurrogateCapability);
    });
    head.fields.add(kSurrogateCapability, R"(selvedge="Surrogate/1.0")");
  }
  return head;
}

Filler::~Filler() {
  if (task_.fill) task_.fill->set_producer(nullptr);
}

std::shared_ptr<Filler> Filler::start(Proxy& proxy, const http::RequestHead& request,
                                      const downstream::ClientConnection& client, Task task) {
  const bool is_pass = task.purpose == Purpose::pass;
  (is_pass ? proxy.counters_.passes : proxy.counters_.fills).add();
  if (task.stale && !is_pass) proxy.counters_.revalidations.add();
  auto filler = std::make_shared<Filler>(proxy, request, client, std::move(task));
  filler->task_.fill->set_producer(filler.get());
  const base::Millis time = filler->origin().fetch_timeout();
  if (time.count() > 0) proxy.worker_.arm(filler->deadline_, time);
  boost::asio::co_spawn(proxy.worker_.io(), run(filler), boost::asio::detached);
  return filler;
}

boost::asio::awaitable<void> Filler::run(std::shared_ptr<Filler> self) {
  upstream::OriginResponsePtr response;
  upstream::Origin& origin = self->origin();
  for (Next next = Next::ask_again; next == Next::ask_again;) {
    response.reset(); // of the attempt before
    upstream::FetchRequest request;
    request.head = &self->head_;
    request.content = self->task_.content != nullptr ? &self->content_ : nullptr;
    request.cancellation = &self->cancellation_;
    request.interim = self.get();
    request.key = self->task_.fill->key();
    request.latency = self->task_.route->fetch_latency.get();
    request.importance = self->task_.importance;
    self->requested_ = self->proxy_.worker_.now();
    base::Result<upstream::OriginResponsePtr> fetched = co_await origin.fetch(request);
    if (!fetched) {
      self->fail(self->as_seen(fetched.error()));
      co_return;
    }
    response = std::move(*fetched);
    http::ResponseHead head = response->head();
    next = self->take_head(head);
  }
  while (!self->is_over_) {
    self->into_ = self->room_for_content();
    const base::Result<std::string_view> piece = co_await response->read_into(self->into_);
    if (!piece && !self->is_unwanted()) response->note_failure(piece.error());
    if (piece && piece->empty()) self->take_trailers(response->trailers());
    self->take_content(piece);
    while (self->must_wait()) co_await self->room_.wait();
    while (self->decode_some()) {
      while (self->must_wait()) co_await self->room_.wait();
      self->proxy_.worker_.post([self] { self->room_.set(); }); // others have their turns
      co_await self->room_.wait();
    }
  }
}

// The whole of it takes longer than it may.
void Filler::Deadline::on_timeout() {
  filler.cancellation_.cancel(upstream::Cancellation::Reason::too_slow);
}

// A fetch that was ended because it took too long did not end by the client's wish.
Error Filler::as_seen(Error error) const {
  const bool is_late = cancellation_.reason() == upstream::Cancellation::Reason::too_slow;
  if (!is_late || error.code != ErrorCode::cancelled) return error;
  return {ErrorCode::timeout, base::ErrorSource::upstream};
}

void Filler::on_interim(const http::ResponseHead& head) {
  if (task_.client != nullptr) task_.client->on_interim(head);
}

// RFC 9110, 6.5.1: what frames, routes, authenticates or describes a message means nothing behind
// it, and could be taken for a header field by somebody who merges both. The names this node acts
// on are such; of them only Server-Timing is meant to be sent late.
void Filler::take_trailers(const http::FieldList& trailers) {
  http::FieldList kept;
  for (const http::Field& field : trailers) {
    if (field.id == FieldName::unknown || field.id == FieldName::server_timing) kept.add(field);
  }
  notes_.timings.add(kept);
  if (!kept.empty()) response_->body().set_trailers(http::HeadBlock(kept));
}

void Filler::take_content(const base::Result<std::string_view>& piece) {
  if (!piece) return fail(as_seen(piece.error()));
  if (piece->empty()) return complete();
  if (decoder_) {
    coded_ = *piece;
    has_decoded_ = true;
    return;
  }
  if (check_ && !check_->add(*piece)) return fail_check();
  append(*piece);
  if (is_unwanted()) fail({ErrorCode::cancelled, base::ErrorSource::internal});
}

// Some of what there is of coded content: a little may be a lot. True: there is more.
bool Filler::decode_some() {
  if (!decoder_ || is_over_) return false;
  constexpr std::size_t kMost = 65536;
  std::array<char, kMost / 4> out;
  for (std::size_t decoded = 0; decoded < kMost;) {
    const base::Result<coding::Step> step = decoder_->step(coded_, out);
    if (!step) {
      fail(step.error());
      return false;
    }
    coded_.remove_prefix(step->used);
    if (step->written > 0) append({out.data(), step->written});
    if (is_over_) return false;
    decoded += step->written;
    const bool is_stuck = step->used == 0 && step->written == 0;
    if (is_stuck && !coded_.empty()) { // something follows the end of the coding
      fail(coding::kBadCoding);
      return false;
    }
    if (is_stuck || (coded_.empty() && step->written < out.size())) return false;
  }
  if (is_unwanted()) fail({ErrorCode::cancelled, base::ErrorSource::internal});
  return !is_over_;
}

// Where content of a known length is to stay.
std::span<char> Filler::room_for_content() const {
  cache::Body& body = response_->body();
  const std::uint64_t length = body.length().value_or(0);
  const bool has_content =
      head_.method != http::Method::head && !http::has_no_content(response_->status());
  const std::uint64_t appended = body.appended();
  if (!has_content || appended >= length) return {};
  return body.room(static_cast<std::size_t>(length - appended));
}

void Filler::append(std::string_view bytes) {
  if (sum_ && is_storing_) sum_->add(bytes);
  cache::Body& body = response_->body();
  if (bytes.data() == into_.data()) {
    body.commit(bytes.size());
  } else {
    body.append(bytes);
  }
  if (is_storing_) {
    proxy_.store_.make_room();
    // When nothing more can go, what is on its way takes too much: it becomes a stream.
    const bool is_too_large = response_->body().appended() > task_.route->policy.max_object;
    const bool has_no_room =
        response_->body().appended() > proxy_.options_.pass_window && proxy_.store_.is_over_limit();
    if (is_too_large || has_no_room) stop_storing();
  }
  task_.fill->wake_readers();
}

// Content of unknown length has turned out too large to be kept.
void Filler::stop_storing() {
  is_storing_ = false;
  give_out();
  proxy_.fills_.remove(*task_.fill);
  task_.fill->forget_beginning();
}

// What was held until it was checked, or until there was no room to hold it.
void Filler::give_out() {
  if (!is_held_) return;
  is_held_ = false;
  task_.fill->stream(response_);
}

// All content has come, and is right: what has the same is kept once.
void Filler::take_digest() {
  if (check_) proxy_.counters_.verified.add();
  if (!is_storing_) return;
  cache::ContentDigest key;
  const bundle::Digest sha256 = check_ ? check_->sha256() : sum_->digest();
  std::copy_n(sha256.bytes.begin(), key.size(), key.begin());
  boost::intrusive_ptr<cache::Body> body = response_->shared_body();
  // What came behind the content belongs to this response alone.
  if (body->trailers().fields().empty()) body = proxy_.store_.contents().shared(key, body);
  // Of what is held, the head can still say what was only known at the end.
  boost::container::small_vector<http::Field, 1> added;
  const std::string digest = check_ ? check_->repr_digest() : std::string();
  const auto says = [](const http::Field& field) { return field.name == kReprDigest; };
  if (is_held_ && !digest.empty() && std::ranges::none_of(response_->head().fields(), says)) {
    added.push_back({FieldName::unknown, kReprDigest, digest});
  }
  is_shared_ = body != response_->shared_body();
  if (!is_shared_ && added.empty()) return;
  response_ = cache::with_body(*response_, std::move(body), added, &proxy_.store_.ledger());
}

void Filler::fail_check() {
  proxy_.counters_.mismatched.add();
  if (proxy_.options_.events != nullptr) {
    overload::Event event;
    event.time = std::chrono::floor<std::chrono::seconds>(proxy_.worker_.now().wall);
    event.worker = proxy_.worker_.index();
    event.knob = "bundle-content";
    event.from = "sent by '" + task_.route->origin_name + "'";
    event.to = "refused";
    event.why = std::string(request_.target) +
                " is not what its manifest says: " + std::to_string(task_.expected->size) +
                " bytes of " + task_.expected->digest.integrity();
    proxy_.options_.events->add(std::move(event));
  }
  fail({ErrorCode::mismatch, base::ErrorSource::upstream});
}

void Filler::complete() {
  if (check_ && !check_->is_right()) return fail_check();
  if (decoder_ && has_decoded_ && !decoder_->is_whole()) return fail(coding::kBadCoding);
  is_over_ = true;
  const bool has_content =
      head_.method != http::Method::head && !http::has_no_content(response_->status());
  if (has_content && response_->body().length() &&
      *response_->body().length() != response_->body().appended()) {
    return fail({ErrorCode::protocol, base::ErrorSource::upstream});
  }
  const auto& part = response_->content_range();
  if (part && part->range.size() != response_->body().appended()) { // RFC 9110, 14.4
    return fail({ErrorCode::protocol, base::ErrorSource::upstream});
  }
  if (is_storing_) response_->body().finish(); // before anybody can find it
  if (check_ || sum_) take_digest();
  give_out();
  if (is_storing_ && task_.fill->may_store()) {
    insert();
    if (is_shared_) insert_variants();
    add_dictionary();
  }
  task_.fill->complete();
  proxy_.fills_.remove(*task_.fill);
}

void Filler::insert() {
  proxy_.store_.insert(response_);
  proxy_.counters_.stored.add();
  // A purge of the URL between the question and the deed removed what was there before.
  if (!task_.fill->may_store()) return proxy_.store_.remove(*response_);
  if (!response_->content_range()) return;
  // A slice stays one, that its neighbours may be put behind it.
  if (!task_.whole_key.empty()) return;
  if (auto whole = cache::completed(*response_, &proxy_.store_.ledger())) {
    return proxy_.store_.insert(std::move(whole)); // it takes the place of its parts
  }
  // RFC 9111, 3.4: parts of the same representation become one.
  const cache::CacheKey key{response_->key(), response_->print()};
  boost::intrusive_ptr<cache::StoredResponse> whole = response_;
  for (const cache::StoredResponsePtr& part : proxy_.store_.find_partial(key, request_)) {
    if (part == whole || part == response_) continue;
    auto combined = cache::combined(*part, *whole, &proxy_.store_.ledger());
    if (!combined) continue;
    proxy_.store_.remove(*part);
    whole = std::move(combined);
  }
  if (whole == response_) return;
  proxy_.store_.remove(*response_);
  proxy_.store_.insert(std::move(whole));
}

// From now on it helps to other versions; and what the client has of those may help to this one.
void Filler::add_dictionary() {
  Differences* const differences = proxy_.options_.differences;
  if (dictionary_place_.empty() || differences == nullptr) return;
  const cache::Body& body = response_->body();
  if (body.digest() == nullptr) return;
  differences->add(dictionary_place_, *body.digest(), response_->key());
  if (!client_dictionary_) return;
  if (proxy_.worker_.load().level() == overload::LoadLevel::critical) return;
  differences->want(dictionary_place_,
                    {std::string(response_->key()), std::string(response_->vary()),
                     response_->content_id(), *client_dictionary_, task_.route->compression,
                     proxy_.worker_.now().steady});
}

void Filler::fail(Error error) {
  is_over_ = true;
  if (task_.stale && error.code != ErrorCode::cancelled) {
    task_.stale->note_origin_failure(proxy_.worker_.now().steady);
  }
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
  task_.client = nullptr;
  content_.detach();
}

void Filler::on_room() {
  const std::shared_ptr<Filler> self = weak_from_this().lock();
  if (!self) return; // it ends now, and waits for the caller to tell the fill so
  proxy_.worker_.post([self] { self->room_.set(); });
}

void Filler::on_abandoned() {
  const std::shared_ptr<Filler> self = weak_from_this().lock();
  if (!self) return; // as above
  proxy_.worker_.post([self] {
    if (self->is_over_) return;
    self->room_.set();
    // A fill goes on for those who come later; a pass, or what turned out to be one, has no
    // purpose.
    const bool is_pass = self->task_.purpose == Purpose::pass;
    if (is_pass || (self->response_ && !self->is_storing_)) self->cancellation_.cancel();
  });
}

} // namespace selvedge::proxy
