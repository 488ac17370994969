#include <selvedge/cache/fill.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <array>

using namespace selvedge;
using namespace selvedge::cache;
using State = Fill::State;

namespace {

struct CountingReader final : Fill::Reader {
  ~CountingReader() {
    if (joined) joined->unsubscribe(*this);
  }
  void on_progress() override { ++calls; }
  int calls = 0;
  FillPtr joined; // to be left at the end
};

FillTable::Joined join(FillTable& table, std::string_view key, std::string_view variant,
                       CountingReader& reader) {
  FillTable::Joined joined = table.join(test::key_of(key), variant, reader);
  reader.joined = joined.fill;
  return joined;
}

struct CountingProducer final : Fill::Producer {
  void on_room() override { ++rooms; }
  void on_abandoned() override { ++abandons; }
  int rooms = 0;
  int abandons = 0;
};

boost::intrusive_ptr<StoredResponse> growing_response(std::string_view key) {
  StoredResponse::Parts parts;
  parts.key = key;
  parts.print = base::fingerprint(key);
  parts.body = new Body({});
  return boost::intrusive_ptr<StoredResponse>(new StoredResponse(std::move(parts), nullptr));
}

FillPtr fill_of(std::string_view key) {
  return FillPtr(new Fill(std::string(key), base::fingerprint(key)));
}

std::string read_some(BodyReader& reader) {
  std::string text;
  std::array<std::string_view, 2> views;
  while (reader.peek(views).state == http::BodyState::ready) {
    text.append(views[0]);
    reader.consume(views[0].size());
  }
  return text;
}

constexpr base::Error kRefused{base::ErrorCode::connect_refused, base::ErrorSource::upstream};

} // namespace

TEST_CASE("the first to join leads, the others follow", "[cache][fill]") {
  FillTable table;
  CountingReader leader, follower, other, variant;
  const auto first = join(table, "http://a/", "", leader);
  const auto second = join(table, "http://a/", "", follower);
  CHECK(first.is_leader);
  CHECK_FALSE(second.is_leader);
  CHECK(first.fill == second.fill);
  CHECK(first.fill->readers() == 2);
  CHECK(first.fill->state() == State::waiting);
  CHECK(join(table, "http://b/", "", other).is_leader);
  const auto side_by_side = join(table, "http://a/", "accept-encoding: br\n", variant);
  CHECK(side_by_side.is_leader);
  CHECK(side_by_side.fill->variant() == "accept-encoding: br\n");
  CHECK(table.size() == 3);
}

TEST_CASE("a removed fill is not joined any more", "[cache][fill]") {
  FillTable table;
  CountingReader old, later;
  const auto first = join(table, "http://a/", "", old);
  table.remove(*first.fill);
  CHECK(table.size() == 0);
  const auto second = join(table, "http://a/", "", later);
  CHECK(second.is_leader);
  CHECK(second.fill != first.fill);
  table.remove(*first.fill); // has been removed: the new one stays
  CHECK(table.size() == 1);
}

TEST_CASE("a fill that nobody waits for begins only where none is under way", "[cache][fill]") {
  FillTable table;
  const FillPtr begun = table.begin(test::key_of("http://a/"));
  REQUIRE(begun);
  CHECK(begun->readers() == 0);
  CHECK(table.begin(test::key_of("http://a/")) == nullptr);
  CountingReader reader;
  CHECK(join(table, "http://a/", "", reader).fill == begun);
}

TEST_CASE("a purge takes the fills of its key", "[cache][fill]") {
  FillTable table;
  CountingReader reader, variant;
  const FillPtr fill = join(table, "http://a/", "", reader).fill;
  const FillPtr side = join(table, "http://a/", "x: y\n", variant).fill;
  CHECK(fill->may_store());
  CHECK(table.forget(fill->print()));
  CHECK_FALSE(fill->may_store());
  CHECK_FALSE(side->may_store());
  CHECK(table.size() == 0);
  CHECK_FALSE(table.forget(fill->print()));
}

TEST_CASE("readers are told of the head, of content and of the end", "[cache][fill]") {
  const FillPtr fill = fill_of("http://a/");
  CountingReader reader;
  fill->subscribe(reader);
  const auto response = growing_response("http://a/");
  fill->stream(response);
  CHECK(reader.calls == 1);
  CHECK(fill->state() == State::streaming);
  CHECK(fill->response() == response);
  CHECK(fill->take_first(reader) == nullptr);

  response->body().append("content");
  fill->wake_readers();
  CHECK(reader.calls == 2);
  BodyReader body = BodyReader::growing(response->body());
  body.start(fill->take_first(reader));
  CHECK(fill->take_first(reader) == nullptr); // once
  CHECK(read_some(body) == "content");

  fill->complete();
  CHECK(reader.calls == 3);
  CHECK(fill->state() == State::complete);
  std::array<std::string_view, 1> view;
  CHECK(body.peek(view).state == http::BodyState::end);

  CountingReader late;
  fill->subscribe(late);
  BodyReader again = BodyReader::growing(response->body());
  again.start(fill->take_first(late));
  CHECK(read_some(again) == "content");
  fill->unsubscribe(late);
  fill->unsubscribe(reader);
}

TEST_CASE("a reader that has left is not called", "[cache][fill]") {
  const FillPtr fill = fill_of("http://a/");
  CountingReader left, stays;
  CountingProducer producer;
  fill->set_producer(&producer);
  fill->subscribe(left);
  fill->subscribe(stays);
  CHECK(fill->unsubscribe(left) == 1);
  CHECK(producer.abandons == 0);
  fill->stream(growing_response("http://a/"));
  CHECK(left.calls == 0);
  CHECK(stays.calls == 1);
  CHECK(fill->unsubscribe(stays) == 0);
  CHECK(producer.abandons == 1);
  fill->set_producer(nullptr);
  fill->subscribe(left);
  CHECK(fill->unsubscribe(left) == 0);
  CHECK(producer.abandons == 1);
}

TEST_CASE("an answer kept alone stays so to its end", "[cache][fill]") {
  const FillPtr fill = fill_of("http://a/");
  CountingReader reader;
  fill->subscribe(reader);
  fill->keep_alone(growing_response("http://a/"));
  CHECK(fill->state() == State::alone);
  CHECK(reader.calls == 1);
  const bool succeeds = GENERATE(true, false);
  if (succeeds) {
    fill->complete();
  } else {
    fill->fail(kRefused);
  }
  CHECK(fill->state() == State::alone);
  CHECK(reader.calls == 2);
  CHECK(fill->response()->body().state() ==
        (succeeds ? Body::State::complete : Body::State::failed));
  fill->unsubscribe(reader);
}

TEST_CASE("a failure is told before and after the head", "[cache][fill]") {
  const bool has_head = GENERATE(false, true);
  const FillPtr fill = fill_of("http://a/");
  CountingReader reader;
  fill->subscribe(reader);
  if (has_head) fill->stream(growing_response("http://a/"));
  fill->fail(kRefused);
  CHECK(fill->state() == State::failed);
  CHECK(fill->error() == kRefused);
  CHECK(reader.calls == (has_head ? 2 : 1));
  if (has_head) CHECK(fill->response()->body().error() == kRefused);
  fill->unsubscribe(reader);
}

TEST_CASE("the producer waits for its window and is told when there is room", "[cache][fill]") {
  constexpr std::size_t kWindow = 131072;
  const FillPtr fill = fill_of("http://a/");
  CountingReader reader;
  CountingProducer producer;
  fill->set_producer(&producer);
  fill->subscribe(reader);
  fill->forget_beginning();
  const auto response = growing_response("http://a/");
  fill->keep_alone(response);
  CHECK_FALSE(fill->wait_for_room(kWindow));
  response->body().append(std::string(300000, 'x'));
  fill->wake_readers();
  CHECK(response->body().first() == nullptr);
  CHECK(fill->wait_for_room(kWindow));

  BodyReader body = BodyReader::growing(response->body());
  body.start(fill->take_first(reader));
  body.consume(1000);
  fill->note_consumed();
  CHECK(producer.rooms == 0); // still more than the window
  CHECK(read_some(body).size() == 299000);
  fill->note_consumed();
  CHECK(producer.rooms == 1);
  fill->note_consumed();
  CHECK(producer.rooms == 1); // once
  CHECK_FALSE(fill->wait_for_room(kWindow));
  fill->set_producer(nullptr);
  fill->unsubscribe(reader);
}

TEST_CASE("a slow reader that leaves makes room", "[cache][fill]") {
  const bool has_begun = GENERATE(true, false);
  const FillPtr fill = fill_of("http://a/");
  CountingReader slow, fast;
  CountingProducer producer;
  fill->set_producer(&producer);
  fill->subscribe(slow);
  fill->subscribe(fast);
  const auto response = growing_response("http://a/");
  fill->stream(response);
  response->body().append("x");
  fill->wake_readers();
  fill->forget_beginning();
  BodyReader slow_body = BodyReader::growing(response->body());
  BodyReader fast_body = BodyReader::growing(response->body());
  if (has_begun) slow_body.start(fill->take_first(slow));
  fast_body.start(fill->take_first(fast));
  response->body().append(std::string(500000, 'y'));
  CHECK(read_some(fast_body).size() == 500001);
  CHECK(fill->wait_for_room(131072));
  fill->note_consumed();
  CHECK(producer.rooms == 0);

  fill->unsubscribe(slow);
  slow_body.leave();
  fill->note_consumed();
  CHECK(producer.rooms == 1);
  fill->set_producer(nullptr);
  fill->unsubscribe(fast);
}

TEST_CASE("forgetting gives all memory back once everybody has read", "[cache][fill]") {
  MemoryLedger ledger;
  const FillPtr fill = fill_of("http://a/");
  CountingReader reader;
  fill->subscribe(reader);
  StoredResponse::Parts parts;
  parts.body = new Body({.length = std::nullopt, .ledger = &ledger});
  const boost::intrusive_ptr<StoredResponse> response(
      new StoredResponse(std::move(parts), nullptr));
  fill->stream(response);
  response->body().append(std::string(400000, 'x'));
  fill->wake_readers();
  fill->forget_beginning(); // it has turned out too large to be kept
  CHECK(ledger.bytes() > 400000);
  BodyReader body = BodyReader::growing(response->body());
  body.start(fill->take_first(reader));
  CHECK(read_some(body).size() == 400000);
  CHECK(ledger.bytes() < 2 * Chunk::kAllocation);
  fill->unsubscribe(reader);
}
