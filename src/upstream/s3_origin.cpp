#include "s3_origin.hpp"

#include <span>
#include <utility>
#include <vector>

namespace selvedge::upstream {

using boost::asio::awaitable;
using http::Field;
using http::FieldName;

namespace {

// Of a message of the store that nobody will see. It is read to its end, so that its connection can
// be used again, but not for ever.
constexpr std::size_t kDiscardedBytes = 65536;

// The request that the store is sent, for as long as its answer is on its way.
struct StoreRequest {
  base::Arena arena;
  http::RequestHead head;
  FetchRequest fetch;
};

// Content of our own in place of the store's. HEAD is told its length and gets none of it.
std::string_view put_plain_text(http::ResponseHead& head, http::Method method) {
  const std::string_view text = plain_text_of(head.status);
  head.content_length = text.size();
  head.fields.add(FieldName::content_type, "text/plain; charset=utf-8");
  return method == http::Method::head ? std::string_view() : text;
}

// What the node answers by itself.
class RefusedResponse final : public OriginResponse {
public:
  RefusedResponse(http::Status status, http::Method method) {
    head_.status = status;
    head_.fields.add(FieldName::cache_control, "no-cache");
    if (status == 405) head_.fields.add(FieldName::allow, "GET, HEAD");
    text_ = put_plain_text(head_, method);
  }
  awaitable<base::Result<std::string_view>> read() override {
    co_return std::exchange(text_, std::string_view());
  }

private:
  std::string_view text_;
};

// An answer of the store, without what is not for clients.
class S3Response final : public OriginResponse {
public:
  S3Response(std::unique_ptr<StoreRequest> sent, OriginResponsePtr answer)
      : sent_(std::move(sent)), answer_(std::move(answer)),
        is_replaced_(is_store_message(answer_->head().status)) {
    head_ = answer_->head();
    accompany(answer_->accompany(nullptr)); // the reader tells this response what fails
    head_.fields.remove_if(is_store_field);
    if (!is_replaced_) return;
    head_.fields.remove_if(is_about_content);
    text_ = put_plain_text(head_, sent_->head.method);
  }

  awaitable<base::Result<std::string_view>> read() override { return read_into({}); }
  awaitable<base::Result<std::string_view>> read_into(std::span<char> room) override {
    if (is_replaced_) {
      if (!text_.empty()) co_return std::exchange(text_, std::string_view());
      co_await discard();
      co_return std::string_view();
    }
    const base::Result<std::string_view> piece = co_await answer_->read_into(room);
    if (piece && piece->empty()) take_trailers();
    co_return piece;
  }

private:
  static bool is_about_content(const Field& field) {
    return field.id == FieldName::content_type || field.id == FieldName::content_encoding ||
           field.id == FieldName::etag || field.id == FieldName::last_modified ||
           http::equals_ignoring_case(field.name, "content-language");
  }

  void take_trailers() {
    trailers_ = answer_->trailers();
    trailers_.remove_if(is_store_field);
  }

  awaitable<void> discard() {
    std::size_t discarded = 0;
    while (!is_discarded_) {
      const base::Result<std::string_view> piece = co_await answer_->read();
      // Nobody else will: for the reader the content has not failed.
      if (!piece && piece.error().code != base::ErrorCode::cancelled) note_failure(piece.error());
      is_discarded_ = !piece || piece->empty();
      if (is_discarded_) break;
      discarded += piece->size();
      is_discarded_ = discarded > kDiscardedBytes;
    }
  }

  std::unique_ptr<StoreRequest> sent_; // goes last: the answer refers to it
  OriginResponsePtr answer_;
  const bool is_replaced_;
  bool is_discarded_ = false;
  std::string_view text_;
};

} // namespace

S3Origin::S3Origin(std::shared_ptr<Origin> inner, const OriginOptions& options, net::Worker& worker)
    : inner_(std::move(inner)), worker_(worker), place_(s3_place(options)),
      credentials_(options.s3.credentials_file), signer_(options.s3.region) {}

OriginOptions S3Origin::inner_options(const OriginOptions& options) {
  OriginOptions inner = options;
  inner.kind = OriginKind::http;
  if (inner.health.host.empty()) inner.health.host = s3_place(options).authority;
  inner.host.clear(); // it would replace the Host that was signed
  return inner;
}

void S3Origin::sign(http::RequestHead& head, base::Arena& arena) {
  const Credentials* keys = credentials_.at(worker_.now().steady);
  if (keys == nullptr) return;
  const std::chrono::sys_seconds now = worker_.now().wall;
  std::vector<Field> fields;
  fields.push_back({FieldName::unknown, "x-amz-content-sha256", kEmptyPayloadHash});
  fields.push_back({FieldName::unknown, "x-amz-date", arena.copy(aws_timestamp(now))});
  if (!keys->session_token.empty()) {
    fields.push_back({FieldName::unknown, "x-amz-security-token", arena.copy(keys->session_token)});
  }
  for (const Field& field : fields) head.fields.add(field);
  fields.push_back({FieldName::host, "host", head.authority});
  const AwsRequest request{head.method_text, head.target, fields};
  const std::string value =
      signer_.authorization(request, {keys->access_key, keys->secret_key}, now);
  head.fields.add(FieldName::authorization, arena.copy(value));
}

awaitable<base::Result<OriginResponsePtr>> S3Origin::fetch(const FetchRequest& request) {
  const http::Method method = request.head->method;
  if (method != http::Method::get && method != http::Method::head) {
    co_return OriginResponsePtr(std::make_unique<RefusedResponse>(405, method));
  }
  auto sent = std::make_unique<StoreRequest>();
  std::optional<http::RequestHead> head = s3_request(*request.head, place_, sent->arena);
  if (!head) co_return OriginResponsePtr(std::make_unique<RefusedResponse>(404, method));
  sign(*head, sent->arena);
  sent->head = std::move(*head);
  sent->fetch = request;
  sent->fetch.head = &sent->head;
  sent->fetch.content = nullptr;                // that of a GET means nothing (RFC 9110, 9.3.1)
  const std::shared_ptr<Origin> inner = inner_; // a reload may let go of this origin meanwhile
  const FetchRequest& signed_request = sent->fetch;
  base::Result<OriginResponsePtr> answer = co_await inner->fetch(signed_request);
  if (!answer) co_return answer.error();
  co_return OriginResponsePtr(std::make_unique<S3Response>(std::move(sent), std::move(*answer)));
}

} // namespace selvedge::upstream
