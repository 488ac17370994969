#include <selvedge/proxy/access_record.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <thread>

using namespace selvedge;
using namespace selvedge::proxy;

TEST_CASE("a record keeps the texts it is given, cut to its room", "[proxy][log]") {
  AccessRecord record;
  record.set(AccessRecord::method, "GET");
  record.set(AccessRecord::target, "/a");
  CHECK(record.get(AccessRecord::method) == "GET");
  CHECK(record.get(AccessRecord::target) == "/a");
  CHECK(record.get(AccessRecord::agent).empty());

  record.set(AccessRecord::agent, std::string(2000, 'a'));
  record.set(AccessRecord::route, "too late");
  CHECK(record.get(AccessRecord::agent) == std::string(AccessRecord::kText - 5, 'a'));
  CHECK(record.get(AccessRecord::route).empty());
  CHECK(record.get(AccessRecord::method) == "GET");

  record.clear();
  CHECK(record.get(AccessRecord::method).empty());
  record.set(AccessRecord::route, "r");
  CHECK(record.get(AccessRecord::route) == "r");
}

TEST_CASE("a full ring drops and counts", "[proxy][log]") {
  AccessRing ring(3); // rounded up to 4
  CHECK(ring.front() == nullptr);
  for (std::uint64_t i = 0; i < 4; ++i) {
    AccessRecord* record = ring.reserve();
    REQUIRE(record != nullptr);
    record->content_bytes = i;
    ring.push();
  }
  CHECK(ring.reserve() == nullptr);
  CHECK(ring.dropped() == 1);
  REQUIRE(ring.front() != nullptr);
  CHECK(ring.front()->content_bytes == 0);
  ring.pop();
  CHECK(ring.front()->content_bytes == 1);
  CHECK(ring.reserve() != nullptr);
}

TEST_CASE("what was reserved but not pushed is not seen", "[proxy][log]") {
  AccessRing ring(2);
  CHECK(ring.reserve() != nullptr);
  CHECK(ring.front() == nullptr);
}

TEST_CASE("a writer in another thread sees whole records in order", "[proxy][log][stress]") {
  constexpr std::uint64_t kRecords = 100000;
  AccessRing ring(64);
  std::atomic<bool> has_ended{false};
  std::uint64_t seen = 0;
  bool is_right = true;
  std::thread writer([&] {
    std::uint64_t last = 0;
    for (;;) {
      const bool was_last = has_ended;
      const AccessRecord* record = ring.front();
      if (record == nullptr) {
        if (was_last) return;
        std::this_thread::yield();
        continue;
      }
      const bool has_order = seen == 0 || record->content_bytes > last;
      last = record->content_bytes;
      if (!has_order || record->get(AccessRecord::target) != std::to_string(last)) is_right = false;
      ++seen;
      ring.pop();
    }
  });
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    AccessRecord* record = ring.reserve();
    if (record == nullptr) {
      std::this_thread::yield();
      continue;
    }
    record->content_bytes = i;
    record->set(AccessRecord::target, std::to_string(i));
    ring.push();
  }
  has_ended = true;
  writer.join();
  CHECK(is_right);
  CHECK(seen + ring.dropped() == kRecords);
  CHECK(seen > 0);
}
