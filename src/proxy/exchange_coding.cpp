// Content codings: what the client takes, and variants that are not there yet.
#include "exchange.hpp"

#include "answer_form.hpp"
#include "compression.hpp"
#include "dictionary_place.hpp"
#include "header_rules.hpp"
#include "recoder.hpp"

#include <selvedge/http/structured_field.hpp>
#include <selvedge/proxy/differences.hpp>

#include <algorithm>

namespace selvedge::proxy {

using cache::Fill;
using coding::ContentCoding;
using http::CacheOutcome;
using http::FieldName;
using http::Method;

void Exchange::take_codings() {
  http::RequestHead& request = stream_.request();
  const bool may_be_stored = request.method == Method::get || request.method == Method::head;
  if (!may_be_stored || !route_->policy.enabled) return;
  asked_codings_ =
      stream_.arena().copy(http::joined_value(request.fields, FieldName::accept_encoding));
  taken_ = route_->compression->take_codings(request, stream_.arena());
}

// Null: it is not stored any more.
cache::StoredResponsePtr Exchange::as_it_came(const cache::StoredResponsePtr& stored) {
  if (stored->coding() == cache::kAsItCame) return stored;
  const auto owner = static_cast<cache::Owner>(overload::index_of(asker_.importance));
  cache::StoredResponsePtr found =
      proxy_.store_.find({stored->key(), stored->print()}, stream_.request(), owner);
  return found && !found->is_pass_marker() ? found : nullptr;
}

bool Exchange::wants_coding(const cache::StoredResponse& answer) const {
  if (!route_->compression || proxy_.options_.coding_jobs == nullptr || coding_of_) return false;
  if (Compression::best_of(taken_) == ContentCoding::identity) return false;
  // It would cost what there is too little of.
  if (proxy_.worker_.load().level() == overload::LoadLevel::critical) return false;
  return !proxy_.options_.coding_jobs->is_full() && route_->compression->may_code(answer);
}

cache::StoredResponsePtr Exchange::to_be_coded(const cache::StoredResponsePtr& stored) {
  if (!route_->compression) return nullptr;
  const bool is_best = stored->coding() == number_of(Compression::best_of(taken_));
  if (is_best || stored->dictionary()) return nullptr;
  cache::StoredResponsePtr plain = as_it_came(stored);
  const bool is_of_it = plain && plain->content_id() == stored->content_id();
  return is_of_it && wants_coding(*plain) ? plain : nullptr;
}

// Whoever comes first has it made, the others wait for the same.
void Exchange::begin_coding(cache::StoredResponsePtr of, cache::FillPtr source,
                            boost::intrusive_ptr<cache::Chunk> first) {
  const ContentCoding coding = Compression::best_of(taken_);
  std::string variant = "coding ";
  variant.append(text_of(coding)).append(" ").append(std::to_string(of->content_id()));
  cache::FillTable::Joined joined = proxy_.fills_.join({of->key(), of->print()}, variant, *this);
  fill_ = std::move(joined.fill);
  coding_of_ = std::move(of);
  if (!joined.is_leader) {
    if (fill_->state() != Fill::State::waiting) on_progress();
    return;
  }
  Recoder::Task task;
  task.target = fill_;
  task.source = std::move(source);
  task.first = std::move(first);
  task.as_it_came = coding_of_;
  task.coding = coding;
  task.level = route_->compression->level_of(coding, proxy_.worker_.load().level());
  task.most = std::min<std::uint64_t>(route_->policy.max_object, route_->compression->max_size());
  task.window = proxy_.options_.pass_window;
  Recoder::start(*proxy_.options_.coding_jobs, proxy_.store_, proxy_.fills_, std::move(task));
}

void Exchange::serve_coded(cache::StoredResponsePtr stored, const cache::CacheDecision& decision) {
  const http::RequestHead& request = stream_.request();
  const bool is_fresh = decision.ttl > base::Seconds{0};
  const CacheOutcome outcome = is_fresh ? CacheOutcome::hit : CacheOutcome::stale;
  // Who has it already, or wants to know of it only, needs no content.
  if (request.method == Method::head || request.fields.may_have(kConditional)) {
    auto head = coded_response(*stored, Compression::best_of(taken_), new cache::Body({}),
                               proxy_.store_.ledger());
    const AnswerForm form =
        answer_form(request, *head, std::nullopt, false, proxy_.worker_.now().wall);
    if (request.method == Method::head || form.kind == AnswerForm::Kind::not_modified) {
      return serve(std::move(head), outcome, decision);
    }
  }
  fields_before_ = extras_.size();
  add_hit_fields(outcome, decision, {});
  begin_coding(std::move(stored), nullptr, nullptr);
}

namespace {

// A complete body that gave up its beginning cannot be read again.
bool can_be_read(const cache::Body& body) {
  return body.state() == cache::Body::State::complete &&
         (body.first() != nullptr || body.appended() == 0);
}

// Keeps a fill wanted while one reader takes the place of another.
struct Watcher final : Fill::Reader {
  explicit Watcher(Fill& fill) : of(&fill) { of->subscribe(*this); }
  ~Watcher() { of->unsubscribe(*this); }
  void on_progress() override {}
  cache::FillPtr of;
};

} // namespace

// The answer of a fill, or a variant of it that is stored or made now. Requires: its fields are
// there.
void Exchange::respond_from_fill(const cache::StoredResponse& answer) {
  if (fill_->state() == Fill::State::alone || !wants_coding(answer)) return respond(answer);
  const cache::StoredResponsePtr of = fill_->response();
  // What the origin has confirmed may have its variants.
  cache::StoredResponsePtr made = find();
  const bool is_best =
      made && (made->dictionary() || made->coding() == number_of(Compression::best_of(taken_)));
  if (is_best && made->content_id() == of->content_id()) {
    leave_fill();
    stored_ = std::move(made);
    reader_ = cache::BodyReader(stored_->body());
    return respond(*stored_);
  }
  const bool is_complete = of->body().state() == cache::Body::State::complete;
  if (is_complete && !can_be_read(of->body())) return respond(answer);
  const Watcher watcher(*fill_);
  cache::FillPtr source = is_complete ? nullptr : fill_;
  boost::intrusive_ptr<cache::Chunk> first = is_complete ? nullptr : fill_->take_first(*this);
  leave_fill();
  begin_coding(of, std::move(source), std::move(first));
}

void Exchange::answer_from_coding() {
  switch (fill_->state()) {
  case Fill::State::waiting:
    return;
  case Fill::State::failed: {
    const cache::StoredResponsePtr of = std::exchange(coding_of_, nullptr);
    if (!can_be_read(of->body())) {
      extras_.resize(fields_before_); // they are about another answer
      return answer_failure(fill_->error());
    }
    leave_fill();
    stored_ = of;
    reader_ = cache::BodyReader(stored_->body());
    return respond(*stored_);
  }
  case Fill::State::alone:
  case Fill::State::streaming:
  case Fill::State::complete:
    break;
  }
  // With the head of its own: another's may be of another moment.
  const auto coding = static_cast<ContentCoding>(fill_->response()->coding());
  coding_of_ =
      coded_response(*coding_of_, coding, fill_->response()->shared_body(), proxy_.store_.ledger());
  reader_ = cache::BodyReader::growing(coding_of_->body());
  respond(*coding_of_);
}

// What a coding has saved of an answer that was sent whole.
void Exchange::count_coding() {
  const cache::StoredResponse* const answer = stored_ ? stored_.get() : coding_of_.get();
  if (answer == nullptr || answer->coding() == cache::kAsItCame || status_ != 200) return;
  const cache::Body& body = answer->body();
  if (body.state() != cache::Body::State::complete || content_bytes_ < body.appended()) return;
  const std::uint64_t content = body.content_bytes();
  saved_bytes_ = content > content_bytes_ ? content - content_bytes_ : 0;
  CodedAnswers& counters = proxy_.counters_.coded[answer->coding()];
  counters.answers.add();
  counters.sent_bytes.add(content_bytes_);
  counters.saved_bytes.add(saved_bytes_);
}

// RFC 9110, 12.5.5: another client would have got a variant.
void Exchange::add_vary(const cache::StoredResponse& answer) {
  if (!route_->compression->may_code(answer)) return;
  const std::string_view more = chosen_by(answer.head());
  if (!more.empty()) add_field(FieldName::vary, more);
}

// What is made against what the client has is for the next who has that; this one gets another.
void Exchange::want_difference(const cache::StoredResponse& stored) {
  Differences* const differences = proxy_.options_.differences;
  if (bundle_ == nullptr || differences == nullptr || stored.is_pass_marker()) return;
  if (proxy_.worker_.load().level() == overload::LoadLevel::critical) return;
  const auto place =
      dictionary_place(key_.text, route_->prefix, bundle_->name, version_, stream_.arena());
  if (!place) return;
  differences->want(place->text,
                    {std::string(stored.key()), std::string(stored.vary()), stored.content_id(),
                     *taken_.dictionary, route_->compression, proxy_.worker_.now().steady});
}

// RFC 9842, 9.3.3.
bool Exchange::may_read_difference(const cache::StoredResponse& stored) const {
  constexpr std::string_view kAllowed = "access-control-allow-origin";
  const HeaderRules* const rules = route_->response_rules.get();
  std::string_view allowed;
  for (const http::Field& field : stored.head().fields()) {
    if (!http::equals_ignoring_case(field.name, kAllowed)) continue;
    if (rules == nullptr || !rules->drops(field)) allowed = field.value;
  }
  if (rules != nullptr) {
    for (const http::Field& field : rules->added()) {
      if (http::equals_ignoring_case(field.name, kAllowed)) allowed = field.value;
    }
  }
  return may_read(stream_.request().fields, allowed);
}

} // namespace selvedge::proxy
