// A bucket in front of an origin that the test plays: what it is sent, and what clients get.
#include <src/upstream/s3_origin.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/key_file.hpp>

#include <boost/asio/co_spawn.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

using namespace selvedge;
using namespace selvedge::upstream;
using http::FieldName;
using test::KeyFile;

namespace {

// An answer in pieces.
class PlayedResponse final : public OriginResponse {
public:
  PlayedResponse(http::ResponseHead head, std::vector<std::string> pieces, std::size_t& reads,
                 std::optional<base::Error> end)
      : pieces_(std::move(pieces)), reads_(reads), end_(end) {
    head_ = std::move(head);
  }
  boost::asio::awaitable<base::Result<std::string_view>> read() override {
    ++reads_;
    if (next_ < pieces_.size()) co_return std::string_view(pieces_[next_++]);
    if (end_) co_return *end_;
    trailers_.add("x-amz-checksum-crc32", "AAAAAA==");
    trailers_.add("x-sum", "1");
    co_return std::string_view();
  }

private:
  std::vector<std::string> pieces_;
  std::size_t& reads_;
  std::optional<base::Error> end_;
  std::size_t next_ = 0;
};

// Counts what the response is said to have failed of.
struct Failures final : OriginResponse::Companion {
  explicit Failures(int& number) : count(number) {}
  void on_failure(const base::Error&) override { ++count; }
  int& count;
};

// Writes down what it is asked and answers what the test wants.
class PlayedOrigin final : public Origin {
public:
  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) override {
    counters_.requests.add();
    asked = std::string(request.head->method_text) + " " + std::string(request.head->authority) +
            std::string(request.head->target) + "\n";
    for (const http::Field& field : request.head->fields) {
      asked.append(field.name).append(": ").append(field.value).append("\n");
    }
    has_content = request.content != nullptr;
    if (error) co_return *error;
    auto response = std::make_unique<PlayedResponse>(head, pieces, reads, end);
    response->accompany(std::make_unique<Failures>(failures));
    co_return OriginResponsePtr(std::move(response));
  }

  std::string asked;
  bool has_content = false;
  std::optional<base::Error> error;
  http::ResponseHead head;
  std::vector<std::string> pieces;
  std::optional<base::Error> end; // of the content, instead of a clean one
  std::size_t reads = 0;
  int failures = 0;
};

class Bucket {
public:
  explicit Bucket(const std::string& credentials_file) {
    options.name = "store";
    options.kind = OriginKind::s3;
    options.servers.push_back({});
    options.servers.back().address = "store.example:80";
    options.s3.bucket = "examplebucket";
    options.s3.credentials_file = credentials_file;
    store->head.status = 200;
    origin = std::make_unique<S3Origin>(store, options, worker);
    client.target = "/test.txt";
    request.head = &client;
  }

  base::Result<OriginResponsePtr> fetch() { return run(origin->fetch(request)); }
  // All content; ends at an error.
  std::string content_of(OriginResponse& response) {
    std::string content;
    for (;;) {
      const base::Result<std::string_view> piece = run(response.read());
      if (!piece || piece->empty()) return content;
      content.append(*piece);
    }
  }

  base::ManualClock clock{std::chrono::sys_days{std::chrono::year{2013} / std::chrono::May / 24}};
  net::Worker worker{0, clock};
  OriginOptions options;
  std::shared_ptr<PlayedOrigin> store = std::make_shared<PlayedOrigin>();
  std::unique_ptr<S3Origin> origin;
  http::RequestHead client;
  FetchRequest request;

private:
  template <typename T> base::Result<T> run(boost::asio::awaitable<base::Result<T>> task) {
    std::optional<base::Result<T>> result;
    boost::asio::co_spawn(
        worker.io(), std::move(task),
        [&result](std::exception_ptr, base::Result<T> got) { result = std::move(got); });
    worker.io().restart();
    worker.io().poll();
    REQUIRE(result);
    return std::move(*result);
  }
};

constexpr std::string_view kExampleKeys =
    "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";

std::string line_with(const std::string& text, std::string_view begin) {
  const std::size_t at = text.find(begin);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

} // namespace

TEST_CASE("a request is rewritten and signed for the time of the worker", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  bucket.client.fields.add("range", "bytes=0-9");
  REQUIRE(bucket.fetch().has_value());
  // Range is not signed: what is between here and the store may ask for less.
  CHECK(bucket.store->asked.rfind("GET store.example/examplebucket/test.txt\n"
                                  "range: bytes=0-9\n"
                                  "x-amz-content-sha256: ",
                                  0) == 0);
  CHECK(line_with(bucket.store->asked, "x-amz-date") == "x-amz-date: 20130524T000000Z");
  CHECK(line_with(bucket.store->asked, "authorization")
            .rfind("authorization: AWS4-HMAC-SHA256 "
                   "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                   "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=",
                   0) == 0);
  const std::string first = line_with(bucket.store->asked, "authorization");
  bucket.clock.advance(std::chrono::seconds(1));
  bucket.worker.tick();
  REQUIRE(bucket.fetch().has_value());
  CHECK(line_with(bucket.store->asked, "x-amz-date") == "x-amz-date: 20130524T000001Z");
  CHECK(line_with(bucket.store->asked, "authorization") != first);
}

TEST_CASE("a session token is sent and signed", "[upstream][s3]") {
  const KeyFile file(std::string(kExampleKeys) + "token/of+the=session\r\n");
  Bucket bucket(file.path());
  REQUIRE(bucket.fetch().has_value());
  CHECK(line_with(bucket.store->asked, "x-amz-security-token") ==
        "x-amz-security-token: token/of+the=session");
  CHECK(bucket.store->asked.find("host;x-amz-content-sha256;x-amz-date;x-amz-security-token,") !=
        std::string::npos);
}

TEST_CASE("without keys nothing is signed", "[upstream][s3]") {
  ::unsetenv("AWS_ACCESS_KEY_ID");
  Bucket bucket("");
  REQUIRE(bucket.fetch().has_value());
  CHECK(bucket.store->asked == "GET store.example/examplebucket/test.txt\n");
}

TEST_CASE("keys come from the environment when there is no file", "[upstream][s3]") {
  ::setenv("AWS_ACCESS_KEY_ID", "FROMENVIRONMENT", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  Bucket bucket("");
  ::unsetenv("AWS_ACCESS_KEY_ID");
  ::unsetenv("AWS_SECRET_ACCESS_KEY");
  REQUIRE(bucket.fetch().has_value());
  CHECK(bucket.store->asked.find("Credential=FROMENVIRONMENT/") != std::string::npos);
}

TEST_CASE("an answer loses the store's fields and keeps the rest", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
           {"etag", "\"e\""}, {"x-amz-request-id", "1"}, {"X-Amz-Meta-Owner", "me"}}) {
    bucket.store->head.fields.add(name, value);
  }
  bucket.store->pieces = {"abc", "def"};
  const base::Result<OriginResponsePtr> answer = bucket.fetch();
  REQUIRE(answer.has_value());
  CHECK((*answer)->head().status == 200);
  REQUIRE((*answer)->head().fields.size() == 1);
  CHECK((*answer)->head().fields.value(FieldName::etag) == "\"e\"");
  CHECK(bucket.content_of(**answer) == "abcdef");
  REQUIRE((*answer)->trailers().size() == 1);
  CHECK((*answer)->trailers().begin()->name == "x-sum");
}

TEST_CASE("messages of the store are read and not shown", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  const http::Status status = GENERATE(as<http::Status>{}, 403, 404, 503);
  bucket.store->head.status = status;
  bucket.store->head.content_length = 12;
  bucket.store->head.fields.add("content-type", "application/xml");
  bucket.store->head.fields.add("retry-after", "3");
  bucket.store->pieces = {"<Error>", "</Error>"};
  const base::Result<OriginResponsePtr> answer = bucket.fetch();
  REQUIRE(answer.has_value());
  const http::ResponseHead& head = (*answer)->head();
  CHECK(head.status == status);
  CHECK(head.fields.value(FieldName::content_type) == "text/plain; charset=utf-8");
  CHECK(head.fields.value(FieldName::retry_after) == "3");
  const std::string content = bucket.content_of(**answer);
  CHECK(content == plain_text_of(status));
  CHECK(head.content_length == content.size());
  CHECK(bucket.store->reads == 3); // to the end: the connection can be used again
}

TEST_CASE("a long message of the store is not read for ever", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  bucket.store->head.status = 500;
  bucket.store->pieces.assign(100, std::string(8192, 'x'));
  const base::Result<OriginResponsePtr> answer = bucket.fetch();
  REQUIRE(answer.has_value());
  CHECK(bucket.content_of(**answer) == plain_text_of(500));
  CHECK(bucket.store->reads == 9);
  CHECK(bucket.content_of(**answer).empty());
  CHECK(bucket.store->reads == 9);
}

TEST_CASE("HEAD has no content, whatever the status", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  bucket.client.method = http::Method::head;
  bucket.store->head.status = 404;
  const base::Result<OriginResponsePtr> answer = bucket.fetch();
  REQUIRE(answer.has_value());
  CHECK(bucket.store->asked.rfind("HEAD ", 0) == 0);
  CHECK((*answer)->head().content_length == plain_text_of(404).size());
  CHECK(bucket.content_of(**answer).empty());
}

TEST_CASE("what is not for the store never reaches it", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  bucket.client.method = http::Method::put;
  const base::Result<OriginResponsePtr> refused = bucket.fetch();
  REQUIRE(refused.has_value());
  CHECK((*refused)->head().status == 405);
  CHECK((*refused)->head().fields.value(FieldName::allow) == "GET, HEAD");
  CHECK(bucket.content_of(**refused) == plain_text_of(405));
  bucket.client.method = http::Method::get;
  bucket.client.target = "/../other/secret";
  const base::Result<OriginResponsePtr> missing = bucket.fetch();
  REQUIRE(missing.has_value());
  CHECK((*missing)->head().status == 404);
  CHECK(bucket.content_of(**missing) == plain_text_of(404));
  CHECK(bucket.store->asked.empty());
  CHECK(bucket.origin->counters().requests.value() == 0);
}

TEST_CASE("an error of the origin it wraps is its own", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  bucket.store->error = base::Error{base::ErrorCode::timeout, base::ErrorSource::upstream};
  const base::Result<OriginResponsePtr> answer = bucket.fetch();
  REQUIRE(answer.has_error());
  CHECK(answer.error() == *bucket.store->error);
  CHECK(bucket.origin->counters().requests.value() == 1);
}

TEST_CASE("content that breaks off is a failure of the server", "[upstream][s3]") {
  const KeyFile file(kExampleKeys);
  Bucket bucket(file.path());
  const http::Status status = GENERATE(as<http::Status>{}, 200, 500);
  bucket.store->head.status = status;
  bucket.store->pieces = {"abc"};
  bucket.store->end = base::Error{base::ErrorCode::closed, base::ErrorSource::upstream};
  const base::Result<OriginResponsePtr> answer = bucket.fetch();
  REQUIRE(answer.has_value());
  CHECK(bucket.content_of(**answer) == (status == 200 ? "abc" : plain_text_of(500)));
  if (status == 200) (*answer)->note_failure(*bucket.store->end);
  CHECK(bucket.store->failures == 1);
}

TEST_CASE("the origin it wraps sends the Host that was signed", "[upstream][s3]") {
  OriginOptions options;
  options.kind = OriginKind::s3;
  options.host = "store.example";
  options.s3.bucket = "b";
  options.s3.path_style = false;
  OriginOptions inner = S3Origin::inner_options(options);
  CHECK(inner.kind == OriginKind::http);
  CHECK(inner.host.empty());
  CHECK(inner.health.host == "b.store.example");
  options.health.host = "health.example";
  CHECK(S3Origin::inner_options(options).health.host == "health.example");
}
