#include "document_fetch.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <utility>

namespace selvedge::proxy {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using cache::Action;
using cache::Fill;

namespace {

// Of less than that is made in a fraction of a millisecond what is to be made of it.
constexpr std::size_t kSmall = 16 << 10;

} // namespace

struct DocumentFetch::Parsing {
  DocumentFetch* owner = nullptr; // null: nobody wants it any more. Thread: the worker
  std::string bundle;
  std::string version;
  std::string text; // empty: it is still in the source
  boost::intrusive_ptr<const cache::StoredResponse> source;
  BundleDocument document;
  std::string problem;

  void parse() {
    try {
      if (source) read_source();
      problem = version.empty() ? parse_index() : parse_manifest();
    } catch (const std::bad_alloc&) {
      problem = "there is no memory for it";
    }
  }

private:
  void read_source() {
    text.reserve(source->body().appended());
    for (cache::BodyReader reader(source->body());;) {
      std::array<std::string_view, 16> views;
      const http::BodySource::Peek found = reader.peek(views);
      if (found.state != http::BodyState::ready) return source.reset();
      std::size_t size = 0;
      for (std::size_t i = 0; i < found.count; ++i) {
        text += views[i];
        size += views[i].size();
      }
      reader.consume(size);
    }
  }
  std::string parse_index() {
    auto parsed = bundle::BundleIndex::parse(text);
    if (!parsed) return std::move(parsed.problem);
    if (parsed.value->name() != bundle) return "it is about '" + parsed.value->name() + "'";
    document = std::make_shared<const bundle::BundleIndex>(std::move(*parsed.value));
    return {};
  }
  std::string parse_manifest() {
    auto parsed = bundle::parse_manifest(text);
    if (!parsed) return std::move(parsed.problem);
    const std::string is = parsed.value->version.text();
    if (parsed.value->name != bundle || is != version) {
      return "it is about '" + parsed.value->name + "' " + is;
    }
    document = std::make_shared<const bundle::Manifest>(std::move(*parsed.value));
    return {};
  }
};

DocumentFetch::~DocumentFetch() {
  if (parsing_) parsing_->owner = nullptr;
  leave();
}

void DocumentFetch::start(const Asker& asker, std::string_view target, const DocumentName& name) {
  wakes_ = asker.proxy.wakes_;
  store_ = &asker.proxy.store_;
  worker_ = &asker.proxy.worker_;
  helper_ = asker.proxy.options_.helper;
  request_.version = asker.request.version;
  request_.scheme = arena_.copy(asker.request.scheme);
  request_.authority = arena_.copy(asker.request.authority);
  request_.target = arena_.copy(target);
  take_key_fields(asker.request.fields);
  name_ = {arena_.copy(name.bundle), arena_.copy(name.version)};
  request_.fields.add(http::FieldName::cache_control,
                      arena_.copy("max-age=" + std::to_string(lifetime_.count())));
  key_ = cache::make_cache_key(request_, route_.key, arena_);
  if (serve_from_store(asker)) return;
  cache::FillTable::Joined joined = asker.proxy.fills_.join(key_, {}, *this);
  fill_ = std::move(joined.fill);
  if (joined.is_leader) {
    ask(asker);
  } else if (fill_->state() != Fill::State::waiting) {
    on_progress();
  }
}

// What the route's rules make part of the key, and nothing else of the client's.
void DocumentFetch::take_key_fields(const http::FieldList& fields) {
  for (const http::Field& field : fields) {
    const bool is_named = std::ranges::any_of(route_.key.headers, [&](const std::string& name) {
      return http::equals_ignoring_case(name, field.name);
    });
    const bool is_cookie = field.id == http::FieldName::cookie && !route_.key.cookies.empty();
    if (!is_named && !is_cookie) continue;
    request_.fields.add(http::Field{field.id, arena_.copy(field.name), arena_.copy(field.value)});
  }
}

bool DocumentFetch::serve_from_store(const Asker& asker) {
  const auto owner = static_cast<cache::Owner>(overload::index_of(asker.importance));
  cache::StoredResponsePtr found = store_->find(key_, request_, owner);
  if (!found || found->is_pass_marker()) return false;
  const auto standing = store_->purges().standing(found->purge_state());
  const auto decision =
      cache::decide(request_, found.get(), worker_->now(), route_.policy, standing);
  if (decision.action != Action::serve || decision.ttl <= base::Seconds{0}) {
    stale_ = std::move(found);
    return false;
  }
  take_stored(*found);
  return true;
}

// All of it is there. A large one is read elsewhere.
void DocumentFetch::take_stored(const cache::StoredResponse& stored) {
  response_ = &stored;
  const std::uint64_t size = stored.body().appended();
  if (helper_ != nullptr && size >= kSmall && size <= kLargest) return finish();
  reader_ = cache::BodyReader(stored.body());
  read();
}

// The filler keeps itself, and the routing that keeps this: were it kept here, both would stay.
void DocumentFetch::ask(const Asker& asker) {
  Filler::Task task;
  task.fill = fill_;
  task.routing = asker.routing;
  task.route = &route_;
  task.stale = stale_;
  task.bundle = name_.bundle;
  if (!name_.is_index()) task.bundle += '@' + std::string(name_.version);
  task.importance = asker.importance;
  Filler::start(asker.proxy, request_, asker.client, std::move(task));
}

// Whoever is woken while what was read is parsed elsewhere has nothing more to read.
void DocumentFetch::resume() {
  if (parsing_) return;
  if (response_) return read();
  take_fill();
}

void DocumentFetch::take_fill() {
  switch (fill_->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::failed:
    return fail(fill_->error());
  case Fill::State::alone: // not to be stored: but an index is no one client's
  case Fill::State::streaming:
  case Fill::State::complete:
    response_ = fill_->response();
    text_.reserve(std::min<std::uint64_t>(response_->body().length().value_or(0), kLargest));
    reader_ = cache::BodyReader::growing(fill_->response()->body());
    return read();
  }
}

void DocumentFetch::read() {
  for (;;) {
    if (fill_ && !reader_.is_started()) {
      if (auto first = fill_->take_first(*this)) reader_.start(std::move(first));
    }
    std::array<std::string_view, 16> views;
    const http::BodySource::Peek found = reader_.peek(views);
    if (found.state == http::BodyState::pending) return;
    if (found.state == http::BodyState::failed) {
      return fail({ErrorCode::closed, ErrorSource::upstream});
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < found.count; ++i) {
      text_ += views[i];
      size += views[i].size();
    }
    reader_.consume(size);
    if (fill_) fill_->note_consumed();
    if (text_.size() > kLargest) return refuse_size();
    if (found.state == http::BodyState::end || found.is_last) return finish();
  }
}

void DocumentFetch::refuse_size() {
  forget_response();
  FetchedDocument fetched;
  fetched.error = {ErrorCode::too_large, ErrorSource::upstream};
  fetched.problem = "it is larger than " + std::to_string(kLargest) + " bytes";
  user_.on_document(std::move(fetched));
}

void DocumentFetch::finish() {
  const http::Status status = response_->status();
  const auto decision = cache::decide(request_, response_.get(), worker_->now(), route_.policy);
  ttl_ = std::min(decision.ttl, lifetime_ - decision.age);
  if (status == 200) return parse();
  if (status != 404 && status != 410) {
    return fail({ErrorCode::server_error, ErrorSource::upstream});
  }
  FetchedDocument fetched;
  fetched.ttl = ttl_;
  user_.on_document(std::move(fetched));
}

void DocumentFetch::parse() {
  parsing_ = std::make_shared<Parsing>();
  parsing_->owner = this;
  parsing_->bundle = name_.bundle;
  parsing_->version = name_.version;
  parsing_->text = std::move(text_);
  if (parsing_->text.empty()) parsing_->source = response_;
  if (helper_ == nullptr || response_->body().appended() < kSmall) {
    parsing_->parse();
    return take_parsed(*parsing_);
  }
  helper_->post([parsing = parsing_, worker = worker_]() mutable {
    parsing->parse();
    worker->post([parsing = std::move(parsing), worker] {
      worker->refresh_now();
      if (parsing->owner != nullptr) parsing->owner->take_parsed(*parsing);
    });
  });
}

void DocumentFetch::take_parsed(Parsing& parsed) {
  FetchedDocument fetched;
  fetched.ttl = ttl_;
  fetched.bytes = parsed.text.size();
  fetched.date = response_->date();
  fetched.tags = response_->purge_state().tags;
  fetched.born = response_->purge_state().born;
  if (parsed.problem.empty()) {
    fetched.document = std::move(parsed.document);
    fetched.error = error_;
  } else {
    forget_response();
    fetched.problem = std::move(parsed.problem);
    fetched.error = {ErrorCode::protocol, ErrorSource::upstream};
  }
  user_.on_document(std::move(fetched));
}

// What is wrong is not kept until its lifetime ends: somebody is about to mend it.
void DocumentFetch::forget_response() {
  if (fill_) fill_->forbid_storing();
  store_->remove(*response_);
}

// The origin does not say: what the store has is better than nothing.
void DocumentFetch::fail(Error error) {
  if (stale_ && stale_->status() == 200 && error.source == ErrorSource::upstream) {
    leave();
    error_ = error;
    text_.clear();
    const cache::StoredResponsePtr stored = std::exchange(stale_, nullptr);
    return take_stored(*stored);
  }
  FetchedDocument fetched;
  if (error.code != ErrorCode::not_found) fetched.error = error;
  user_.on_document(std::move(fetched));
}

void DocumentFetch::leave() {
  if (!fill_) return;
  fill_->unsubscribe(*this);
  reader_.leave();
  fill_->note_consumed();
  wakes_->remove(*this);
  fill_.reset();
}

} // namespace selvedge::proxy
