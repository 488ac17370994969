// One producer and several readers of a fill, each in a thread of its own; meant for
// ThreadSanitizer as much as for its own checks.
#include <selvedge/cache/fill.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/stored_responses.hpp>

#include <array>
#include <condition_variable>
#include <random>
#include <thread>
#include <vector>

using namespace selvedge;
using namespace selvedge::cache;

namespace {

constexpr std::size_t kReaders = 8;
constexpr std::size_t kSize = 3'000'000;
constexpr std::size_t kWindow = 131072;

char byte_at(std::uint64_t at) {
  return static_cast<char>(at * 31 + at / 251);
}

// A flag that one thread sets and another waits for.
class Signal {
public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_set_; });
    is_set_ = false;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

struct WaitingReader final : Fill::Reader {
  void on_progress() override { signal.set(); }
  Signal signal;
};

struct WaitingProducer final : Fill::Producer {
  void on_room() override { room.set(); }
  void on_abandoned() override { room.set(); }
  Signal room;
};

struct Outcome {
  std::uint64_t bytes = 0;
  bool is_right = true;
  bool has_ended = false;
};

// Reads to the end, or leaves after `leaves_after` bytes.
Outcome read_all(Fill& fill, WaitingReader& reader, std::uint64_t leaves_after, unsigned seed) {
  std::mt19937 random(seed);
  Outcome outcome;
  while (fill.state() == Fill::State::waiting) reader.signal.wait();
  BodyReader body = BodyReader::growing(fill.response()->body());
  std::array<std::string_view, 4> views;
  while (outcome.bytes < leaves_after && !outcome.has_ended) {
    if (!body.is_started()) {
      if (auto first = fill.take_first(reader)) body.start(std::move(first));
    }
    const auto found = body.peek(views);
    if (found.state == http::BodyState::pending) {
      reader.signal.wait();
    } else if (found.state == http::BodyState::ready) {
      const std::string_view piece = views[0].substr(0, 1 + random() % 40000);
      for (std::size_t i = 0; i < piece.size(); ++i) {
        if (piece[i] != byte_at(outcome.bytes + i)) outcome.is_right = false;
      }
      outcome.bytes += piece.size();
      body.consume(piece.size());
      fill.note_consumed();
    } else {
      outcome.has_ended = found.state == http::BodyState::end;
      break;
    }
  }
  fill.unsubscribe(reader);
  body.leave();
  fill.note_consumed();
  return outcome;
}

void produce(FillTable& table, Fill& fill, MemoryLedger& ledger, bool forgets) {
  WaitingProducer producer;
  fill.set_producer(&producer);
  StoredResponse::Parts parts;
  parts.key = fill.key();
  parts.print = fill.print();
  parts.body = new Body({.length = std::nullopt, .ledger = &ledger});
  const boost::intrusive_ptr<StoredResponse> response(
      new StoredResponse(std::move(parts), &ledger));
  fill.stream(response);
  std::mt19937 random(1);
  std::string piece;
  for (std::uint64_t at = 0; at < kSize;) {
    piece.clear();
    for (std::size_t left = 1 + random() % 20000; left > 0 && at < kSize; --left) {
      piece.push_back(byte_at(at++));
    }
    response->body().append(piece);
    if (forgets && at > kSize / 3) {
      table.remove(fill);
      fill.forget_beginning();
    }
    fill.wake_readers();
    while (forgets && at > kSize / 3 && fill.readers() > 0 && fill.wait_for_room(kWindow)) {
      producer.room.wait();
    }
  }
  fill.complete();
  table.remove(fill);
  fill.set_producer(nullptr);
}

} // namespace

TEST_CASE("readers in other threads get every byte while it comes", "[cache][fill][stress]") {
  const bool forgets = GENERATE(false, true);
  MemoryLedger ledger;
  {
    FillTable table;
    const CacheKey key = test::key_of("http://example.com/");
    std::vector<WaitingReader> readers(kReaders);
    std::vector<Outcome> outcomes(kReaders);
    const FillPtr fill = table.join(key, "", readers[0]).fill;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kReaders; ++i) {
      if (i > 0) CHECK_FALSE(table.join(key, "", readers[i]).is_leader);
      const std::uint64_t leaves_after = i == kReaders - 1 ? kSize / 2 : kSize + 1;
      threads.emplace_back([&fill, &readers, &outcomes, i, leaves_after] {
        outcomes[i] = read_all(*fill, readers[i], leaves_after, static_cast<unsigned>(i));
      });
    }
    produce(table, *fill, ledger, forgets);
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < kReaders; ++i) {
      CAPTURE(i);
      CHECK(outcomes[i].is_right);
      if (i == kReaders - 1) {
        CHECK(outcomes[i].bytes >= kSize / 2);
      } else {
        CHECK(outcomes[i].bytes == kSize);
        CHECK(outcomes[i].has_ended);
      }
    }
    CHECK(table.size() == 0);
    CHECK(fill->readers() == 0);
    if (forgets) CHECK(fill->response()->body().live_bytes() < 2 * Chunk::kAllocation);
  }
  CHECK(ledger.bytes() == 0);
}

TEST_CASE("threads that join, lead and leave agree on one fill a key", "[cache][fill][stress]") {
  FillTable table(4);
  std::atomic<int> leaders{0};
  std::atomic<int> followers{0};
  std::array<std::atomic<int>, 5> under_way{};
  std::atomic<bool> has_two{false};
  auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int step = 0; step < 2000; ++step) {
      const std::size_t number = random() % under_way.size();
      const std::string text = "http://example.com/" + std::to_string(number);
      WaitingReader reader;
      const auto joined = table.join(test::key_of(text), "", reader);
      if (joined.is_leader) {
        ++leaders;
        if (++under_way[number] != 1) has_two = true;
        --under_way[number];
        table.remove(*joined.fill);
        joined.fill->fail({base::ErrorCode::closed, base::ErrorSource::upstream});
      } else {
        ++followers;
        while (joined.fill->state() == Fill::State::waiting) reader.signal.wait();
      }
      joined.fill->unsubscribe(reader);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(has_two);
  CHECK(leaders + followers == 8000);
  CHECK(table.size() == 0);
}
