#include <selvedge/downstream/request_content.hpp>
#include <tests/support/catch.hpp>

#include <array>

using namespace selvedge;
using downstream::RequestContent;
using http::BodyState;

namespace {

struct CountingSupplier final : RequestContent::Supplier {
  void on_content_used(std::size_t bytes) override { used += bytes; }
  std::size_t used = 0;
};

struct CountingSink final : http::BodySink {
  void on_body_ready() override { ++calls; }
  int calls = 0;
};

} // namespace

TEST_CASE("a request without content is at its end", "[downstream][content]") {
  RequestContent content;
  std::array<std::string_view, 2> views;
  CHECK(content.peek(views).state == BodyState::end);
  CHECK(content.is_complete());
}

TEST_CASE("content is handed over in order, and its use is told", "[downstream][content]") {
  CountingSupplier supplier;
  CountingSink sink;
  RequestContent content;
  content.begin(&supplier);
  content.set_sink(&sink);
  std::array<std::string_view, 2> views;
  CHECK(content.peek(views).state == BodyState::pending);

  const std::string one = std::string(3999, '1') + "!";
  content.append(one);
  content.append("two");
  content.append("three");
  CHECK(sink.calls == 3);
  CHECK(content.buffered() == 4008);
  auto found = content.peek(views);
  CHECK(found.state == BodyState::ready);
  REQUIRE(found.count == 2);
  CHECK(views[0] == one);
  CHECK(views[1] == "twothree"); // what is small shares a piece
  CHECK_FALSE(found.is_last);

  content.consume(4001); // into the second piece
  CHECK(supplier.used == 4001);
  CHECK(content.buffered() == 7);
  content.finish();
  CHECK(sink.calls == 4);
  found = content.peek(views);
  REQUIRE(found.count == 1);
  CHECK(views[0] == "wothree");
  CHECK(found.is_last);
  content.consume(7);
  CHECK(content.peek(views).state == BodyState::end);
  CHECK(content.received() == 4008);
  CHECK(supplier.used == 4008);
}

TEST_CASE("content that comes byte by byte stays where it is seen", "[downstream][content]") {
  RequestContent content;
  content.begin(nullptr);
  content.append("a");
  std::array<std::string_view, 4> views;
  REQUIRE(content.peek(views).count == 1);
  const std::string_view seen = views[0];
  for (int i = 0; i < 10'000; ++i) content.append("b");
  CHECK(seen == "a");                    // of memory that is there, says the address sanitizer
  CHECK(content.peek(views).count == 3); // ten thousand bytes in pages
}

TEST_CASE("content that fails says so behind what had come", "[downstream][content]") {
  RequestContent content;
  content.begin(nullptr);
  content.append("half");
  content.fail();
  content.finish(); // too late
  std::array<std::string_view, 1> view;
  const auto found = content.peek(view);
  CHECK(found.state == BodyState::ready);
  CHECK_FALSE(found.is_last);
  content.consume(4);
  CHECK(content.peek(view).state == BodyState::failed);
  CHECK_FALSE(content.is_complete());
}

TEST_CASE("what contents hold is counted together", "[downstream][content]") {
  std::uint64_t held = 0;
  RequestContent one, other;
  one.begin(nullptr, &held);
  other.begin(nullptr, &held);
  one.append("a byte takes a page");
  CHECK(held >= 4000);
  other.append(std::string(10'000, 'x'));
  CHECK(held >= 14'000);
  one.consume(one.buffered());
  CHECK(held >= 10'000);
  CHECK(held < 14'000);
  SECTION("until it is used") {
    other.consume(10'000);
  }
  SECTION("until it is cleared") {
    other.clear();
  }
  SECTION("or no longer counts, and may be used all the same") {
    other.leave_held();
    CHECK(held == 0);
    other.consume(10'000);
  }
  CHECK(held == 0);
}

TEST_CASE("content that nobody will read is given back", "[downstream][content]") {
  CountingSupplier supplier;
  CountingSink sink;
  std::uint64_t held = 0;
  RequestContent content;
  content.begin(&supplier, &held);
  const bool is_complete = GENERATE(true, false);
  const bool has_reader = GENERATE(true, false);
  if (has_reader) content.set_sink(&sink);
  content.append("left over");
  if (is_complete) content.finish();
  std::array<std::string_view, 1> view;
  content.peek(view);
  content.abandon();
  if (has_reader) {
    CHECK(view[0] == "left over"); // it may be at it, says the address sanitizer
    CHECK(held > 0);
    content.set_sink(nullptr);
  }
  CHECK(held == 0);
  CHECK(supplier.used == 9);
  content.append("more");
  CHECK(held == 0);
  CHECK(content.peek(view).state == BodyState::failed); // and not as if that was all
  content.clear();
  content.begin(nullptr);
  content.append("new");
  CHECK(content.buffered() == 3);
}

TEST_CASE("clear makes it new", "[downstream][content]") {
  CountingSupplier supplier;
  CountingSink sink;
  RequestContent content;
  content.begin(&supplier);
  content.set_sink(&sink);
  content.append("left over");
  content.clear();
  CHECK(content.buffered() == 0);
  CHECK(content.received() == 0);
  std::array<std::string_view, 1> view;
  CHECK(content.peek(view).state == BodyState::end);
  content.begin(nullptr);
  content.append("new");
  CHECK(sink.calls == 1); // not told of what is new
  content.peek(view);
  CHECK(view[0] == "new");
}
