#include <src/proxy/trace_context.hpp>
#include <tests/support/catch.hpp>

#include <set>
#include <string>

using namespace selvedge;
using namespace selvedge::proxy;

namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kGood = "00-" + kTrace + "-" + kParent + "-01";

http::FieldList fields_with(std::initializer_list<std::string_view> parents) {
  http::FieldList fields;
  for (const std::string_view parent : parents) fields.add("TraceParent", parent);
  return fields;
}

} // namespace

TEST_CASE("a traceparent is read and written", "[proxy][trace]") {
  const auto parent = parse_trace_parent(kGood);
  REQUIRE(parent);
  CHECK(parent->trace() == kTrace);
  CHECK(parent->parent() == kParent);
  CHECK(parent->flags == 1);
  base::Arena arena;
  CHECK(trace_parent_text(*parent, arena) == kGood);
}

TEST_CASE("what is not a traceparent is not one", "[proxy][trace]") {
  const std::string zero_trace(32, '0');
  const std::string zero_parent(16, '0');
  for (const std::string& text :
       {std::string(), kGood.substr(1), kGood + "0", kGood + "-00", "0" + kGood,
        "ff-" + kTrace + "-" + kParent + "-01", "0g-" + kTrace + "-" + kParent + "-01",
        "00-" + zero_trace + "-" + kParent + "-01", "00-" + kTrace + "-" + zero_parent + "-01",
        "00_" + kTrace + "-" + kParent + "-01", "00-" + kTrace + "_" + kParent + "-01",
        "00-" + kTrace + "-" + kParent + "_01", "00-" + kTrace + "-" + kParent + "-0x",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01",
        "01-" + kTrace + "-" + kParent + "-01.more", "01-" + kTrace + "-" + kParent + "-0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_trace_parent(text));
  }
}

TEST_CASE("of a later version, what this one knows is used", "[proxy][trace]") {
  base::Arena arena;
  for (const std::string end : {"", "-", "-what-ever"}) {
    const auto parent = parse_trace_parent("cc-" + kTrace + "-" + kParent + "-ff" + end);
    REQUIRE(parent);
    CHECK(trace_parent_text(*parent, arena) == "00-" + kTrace + "-" + kParent + "-03");
  }
}

TEST_CASE("a client's trace goes on with a new parent", "[proxy][trace]") {
  std::mt19937_64 random(7);
  const TraceContext context = continued_trace(fields_with({kGood}), random);
  CHECK(context.is_continued);
  CHECK(context.parent.trace() == kTrace);
  CHECK(context.parent.parent() != kParent);
  CHECK(context.parent.flags == 1);
  const TraceContext unsampled =
      continued_trace(fields_with({"00-" + kTrace + "-" + kParent + "-00"}), random);
  CHECK(unsampled.is_continued);
  CHECK(unsampled.parent.flags == 0);
}

TEST_CASE("without a valid one, a trace begins", "[proxy][trace]") {
  std::mt19937_64 random(7);
  std::set<std::string> seen;
  base::Arena arena;
  for (const http::FieldList& fields :
       {fields_with({}), fields_with({"rubbish"}), fields_with({kGood, kGood})}) {
    const TraceContext context = continued_trace(fields, random);
    CHECK_FALSE(context.is_continued);
    CHECK(context.parent.trace() != kTrace);
    CHECK(parse_trace_parent(trace_parent_text(context.parent, arena)).has_value());
    CHECK((context.parent.flags & 1) == 1);
    seen.emplace(context.parent.trace());
    seen.emplace(context.parent.parent());
  }
  CHECK(seen.size() == 6);
}
