// Bodies that several responses share, by their content.
#include <tests/support/catch.hpp>

#include <selvedge/cache/content_index.hpp>

#include <thread>
#include <vector>

using namespace selvedge::cache;

namespace {

using BodyPtr = boost::intrusive_ptr<Body>;

BodyPtr body_of(std::string_view content, MemoryLedger* ledger = nullptr) {
  BodyPtr body = new Body({content.size(), ledger});
  body->append(content);
  body->finish();
  return body;
}

ContentIndex::Key key_of(unsigned char first) {
  return {first, 1, 2, 3};
}

} // namespace

TEST_CASE("the second body of a content is the first", "[cache]") {
  ContentIndex index;
  MemoryLedger ledger;
  const BodyPtr first = index.shared(key_of(1), body_of("content", &ledger));
  const std::size_t one = ledger.bytes();
  CHECK(index.shared(key_of(1), body_of("content", &ledger)) == first);
  CHECK(ledger.bytes() == one);
  CHECK(index.shared(key_of(2), body_of("another")) != first);
  CHECK(index.found() == 1);
  CHECK(index.shared(key_of(1), first) == first); // again the same
  CHECK(index.found() == 1);
}

TEST_CASE("nothing is kept for the index alone", "[cache]") {
  ContentIndex index;
  BodyPtr first = index.shared(key_of(1), body_of("content"));
  BodyPtr second = index.shared(key_of(1), body_of("content"));
  first.reset();
  CHECK(index.size() == 1);
  second.reset();
  CHECK(index.size() == 0);
  BodyPtr third = index.shared(key_of(1), body_of("content"));
  CHECK(index.size() == 1);
}

TEST_CASE("threads that find and let go of a body agree about it", "[cache]") {
  ContentIndex index;
  MemoryLedger ledger;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        const auto which = static_cast<unsigned char>(i % 3);
        const BodyPtr body = index.shared(key_of(which), body_of("content", &ledger));
        if (body->appended() != 7) std::abort();
      }
    });
  }
  for (std::thread& one : threads) one.join();
  CHECK(index.size() == 0);
  CHECK(ledger.bytes() == 0);
}
