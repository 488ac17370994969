#include "index_fetch.hpp"

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

void IndexFetch::start(const IndexAsker& asker, std::string_view target, std::string_view name) {
  wakes_ = asker.proxy.wakes_;
  store_ = &asker.proxy.store_;
  worker_ = &asker.proxy.worker_;
  request_.version = asker.request.version;
  request_.scheme = arena_.copy(asker.request.scheme);
  request_.authority = arena_.copy(asker.request.authority);
  request_.target = arena_.copy(target);
  take_key_fields(asker.request.fields);
  name_ = arena_.copy(name);
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
void IndexFetch::take_key_fields(const http::FieldList& fields) {
  for (const http::Field& field : fields) {
    const bool is_named = std::ranges::any_of(route_.key.headers, [&](const std::string& name) {
      return http::equals_ignoring_case(name, field.name);
    });
    const bool is_cookie = field.id == http::FieldName::cookie && !route_.key.cookies.empty();
    if (!is_named && !is_cookie) continue;
    request_.fields.add(http::Field{field.id, arena_.copy(field.name), arena_.copy(field.value)});
  }
}

bool IndexFetch::serve_from_store(const IndexAsker& asker) {
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
  response_ = found.get();
  reader_ = cache::BodyReader(found->body());
  read();
  return true;
}

// The filler keeps itself, and the routing that keeps this: were it kept here, both would stay.
void IndexFetch::ask(const IndexAsker& asker) {
  Filler::Task task;
  task.fill = fill_;
  task.routing = asker.routing;
  task.route = &route_;
  task.stale = stale_;
  task.importance = asker.importance;
  Filler::start(asker.proxy, request_, asker.client, std::move(task));
}

void IndexFetch::resume() {
  if (response_) return read();
  take_fill();
}

void IndexFetch::take_fill() {
  switch (fill_->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::failed:
    return fail(fill_->error());
  case Fill::State::alone: // not to be stored: but an index is no one client's
  case Fill::State::streaming:
  case Fill::State::complete:
    response_ = fill_->response();
    reader_ = cache::BodyReader::growing(fill_->response()->body());
    return read();
  }
}

void IndexFetch::read() {
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
    if (text_.size() > kLargest) {
      forget_response();
      FetchedIndex fetched;
      fetched.error = {ErrorCode::too_large, ErrorSource::upstream};
      fetched.problem = "it is larger than " + std::to_string(kLargest) + " bytes";
      return user_.on_index(std::move(fetched));
    }
    if (found.state == http::BodyState::end || found.is_last) return finish();
  }
}

void IndexFetch::finish() {
  FetchedIndex fetched;
  const http::Status status = response_->status();
  const auto decision = cache::decide(request_, response_.get(), worker_->now(), route_.policy);
  fetched.ttl = std::min(decision.ttl, lifetime_ - decision.age);
  if (status == 200) {
    auto parsed = parse(text_);
    if (parsed) {
      fetched.index = std::make_shared<const bundle::BundleIndex>(std::move(*parsed.value));
      fetched.error = error_;
    } else {
      fetched.problem = std::move(parsed.problem);
      forget_response();
      fetched.error = {ErrorCode::protocol, ErrorSource::upstream};
    }
  } else if (status != 404 && status != 410) {
    return fail({ErrorCode::server_error, ErrorSource::upstream});
  }
  user_.on_index(std::move(fetched));
}

bundle::Parsed<bundle::BundleIndex> IndexFetch::parse(std::string_view text) const {
  using Parsed = bundle::Parsed<bundle::BundleIndex>;
  try {
    auto parsed = bundle::BundleIndex::parse(text);
    if (!parsed || parsed.value->name() == name_) return parsed;
    return Parsed::bad("it is about '" + parsed.value->name() + "'");
  } catch (const std::bad_alloc&) {
    return Parsed::bad("there is no memory for it");
  }
}

// What is wrong is not kept until its lifetime ends: somebody is about to mend it.
void IndexFetch::forget_response() {
  if (fill_) fill_->forbid_storing();
  store_->remove(*response_);
}

// The origin does not say: what the store has is better than nothing.
void IndexFetch::fail(Error error) {
  if (stale_ && stale_->status() == 200 && error.source == ErrorSource::upstream) {
    leave();
    error_ = error;
    text_.clear();
    response_ = std::exchange(stale_, nullptr);
    reader_ = cache::BodyReader(response_->body());
    return read();
  }
  FetchedIndex fetched;
  if (error.code != ErrorCode::not_found) fetched.error = error;
  user_.on_index(std::move(fetched));
}

void IndexFetch::leave() {
  if (!fill_) return;
  fill_->unsubscribe(*this);
  reader_.leave();
  fill_->note_consumed();
  wakes_->remove(*this);
  fill_.reset();
}

} // namespace selvedge::proxy
