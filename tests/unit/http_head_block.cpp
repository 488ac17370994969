#include <selvedge/http/head_block.hpp>
#include <tests/support/catch.hpp>

#include <string>

using namespace selvedge::http;

TEST_CASE("a head block copies fields in both forms", "[http][head_block]") {
  HeadBlock block;
  {
    std::string name = "X-Long-Lived";
    std::string value = "a value that must be copied";
    FieldList fields;
    fields.add("Content-Type", "text/html");
    fields.add(name, value);
    fields.add("ETag", "");
    block = HeadBlock(fields);
    name.assign(name.size(), '#');
    value.assign(value.size(), '#');
  }
  CHECK(block.wire() == "content-type: text/html\r\n"
                        "x-long-lived: a value that must be copied\r\n"
                        "etag: \r\n");
  REQUIRE(block.fields().size() == 3);
  CHECK(block.fields()[0].id == FieldName::content_type);
  CHECK(block.fields()[0].name == "content-type");
  CHECK(block.fields()[0].value == "text/html");
  CHECK(block.fields()[1].id == FieldName::unknown);
  CHECK(block.fields()[1].name == "x-long-lived");
  CHECK(block.fields()[2].value.empty());
  CHECK(block.value(FieldName::content_type) == "text/html");
  CHECK(block.find(FieldName::etag) == &block.fields()[2]);
  CHECK(block.find(FieldName::age) == nullptr);
}

TEST_CASE("a moved head block keeps its views", "[http][head_block]") {
  FieldList fields;
  fields.add("Vary", "Accept-Encoding");
  HeadBlock first(fields);
  const HeadBlock second(std::move(first));
  CHECK(second.value(FieldName::vary) == "Accept-Encoding");
  CHECK(second.wire() == "vary: Accept-Encoding\r\n");
}

TEST_CASE("a head block counts what it allocated", "[http][head_block]") {
  CHECK(HeadBlock().allocated_bytes() == 0);
  CHECK(HeadBlock(FieldList()).allocated_bytes() == 0);
  CHECK(HeadBlock(FieldList()).wire().empty());
  FieldList fields;
  const std::string value(1000, 'v');
  for (int i = 0; i < 10; ++i) fields.add("name", value);
  const HeadBlock block(fields);
  const std::size_t least = 10 * (sizeof(Field) + 4 + 2 + 1000 + 2);
  CHECK(block.allocated_bytes() >= least);
  CHECK(block.allocated_bytes() < least + 4096);
}
