#include <selvedge/http/structured_field.hpp>
#include <tests/support/catch.hpp>

#include <string>

using namespace selvedge::http;

namespace {

// A short text for each value, so that rows can say what they expect: the type by its first
// character.
struct Writing {
  std::string operator()(std::int64_t value) const { return "i" + std::to_string(value); }
  std::string operator()(const SfDecimal& value) const {
    return "f" + std::to_string(value.thousandths);
  }
  std::string operator()(const SfString& value) const { return "s" + value.text; }
  std::string operator()(const SfToken& value) const { return "t" + value.text; }
  std::string operator()(const SfBytes& value) const { return "b" + value.bytes; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const SfDate& value) const { return "d" + std::to_string(value.seconds); }
  std::string operator()(const SfDisplayString& value) const { return "u" + value.text; }
};

std::string written(const SfParameters& parameters) {
  std::string text;
  for (const auto& [key, value] : parameters)
    text += ";" + key + "=" + std::visit(Writing{}, value);
  return text;
}

std::string written(const SfItem& item) {
  return std::visit(Writing{}, item.value) + written(item.parameters);
}

std::string written(const SfMember& member) {
  if (const auto* item = std::get_if<SfItem>(&member)) return written(*item);
  const auto& list = std::get<SfInnerList>(member);
  std::string text = "(";
  for (const SfItem& item : list.items) text += written(item) + "|";
  return text + ")" + written(list.parameters);
}

constexpr const char* kFails = "fails";

std::string item(std::string_view text) {
  const auto read = parse_sf_item(text);
  return read ? written(*read) : kFails;
}

std::string list(std::string_view text) {
  const auto read = parse_sf_list(text);
  if (!read) return kFails;
  std::string all;
  for (const SfMember& member : *read) all += written(member) + "/";
  return all;
}

std::string dictionary(std::string_view text) {
  const auto read = parse_sf_dictionary(text);
  if (!read) return kFails;
  std::string all;
  for (const auto& [key, member] : *read) all += key + ":" + written(member) + "/";
  return all;
}

struct Row {
  const char* text;
  const char* expected;
};

} // namespace

TEST_CASE("RFC 9651, 4.2.4: Integers and Decimals", "[http][structured_field]") {
  const Row rows[] = {
      {"42", "i42"},
      {"-42", "i-42"},
      {"0", "i0"},
      {"-0", "i0"},
      {"007", "i7"},
      {"  42  ", "i42"}, // 4.2, steps 2 and 6
      {"999999999999999", "i999999999999999"},
      {"-999999999999999", "i-999999999999999"},
      {"1.5", "f1500"},
      {"-1.5", "f-1500"},
      {"-0.5", "f-500"},
      {"1.05", "f1050"},
      {"1.123", "f1123"},
      {"00.10", "f100"},
      {"999999999999.999", "f999999999999999"},
      {"", kFails},
      {"   ", kFails},
      {"-", kFails},
      {"--1", kFails},
      {"+1", kFails},
      {"- 1", kFails},
      {"1 2", kFails},
      {"1000000000000000", kFails}, // 16 digits
      {"1.", kFails},
      {".5", kFails},
      {"-.5", kFails},
      {"1.1234", kFails},
      {"1.2.3", kFails},
      {"1234567890123.0", kFails}, // 13 digits before the point
      {"1e3", kFails},
      {"0x10", kFails},
      {"42\t", kFails},
      {"\t42", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(item(row.text) == row.expected);
  }
}

TEST_CASE("RFC 9651, 4.2.5 and 4.2.6: Strings and Tokens", "[http][structured_field]") {
  const Row rows[] = {
      {"\"a b\"", "sa b"},
      {"\"\"", "s"},
      {"\"a\\\"b\\\\c\"", "sa\"b\\c"},
      {"\" , ; \"", "s , ; "},
      {"\"a", kFails},
      {"\"a\\", kFails},
      {"\"a\\\"", kFails},
      {"\"\\a\"", kFails}, // no other escapes
      {"\"a\tb\"", kFails},
      {"\"a\x7f\"", kFails},
      {"\"\xc3\xa9\"", kFails}, // ASCII only
      {"\"a\"b", kFails},
      {"'a'", kFails},
      {"foo", "tfoo"},
      {"*foo", "t*foo"},
      {"Foo-1:/.~!#$%&'*+^_`|", "tFoo-1:/.~!#$%&'*+^_`|"},
      {"a", "ta"},
      {":a", kFails},
      {"-a", kFails},
      {"a\"", kFails},
      {"a b", kFails},
      {"a,", kFails},
      {"\xc3\xa9", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(item(row.text) == row.expected);
  }
}

TEST_CASE("RFC 9651, 4.2.7 to 4.2.9: Byte Sequences, Booleans, Dates", "[http][structured_field]") {
  const Row rows[] = {
      {":aGVsbG8=:", "bhello"},
      {":aGVsbG8:", "bhello"}, // padding may be missing
      {":aGk=:", "bhi"},
      {":aGl=:", "bhi"}, // bits of the padding that are not zero
      {":YQ==:", "ba"},
      {":Pz8/Pj4+:", "b\?\?\?>>>"},
      {"::", "b"},
      {":aGVsbG8=", kFails},
      {":", kFails},
      {":a:", kFails},
      {":aGVs bG8=:", kFails},
      {":aG=k:", kFails},
      {":=aGk:", kFails},
      {":aGk==:", kFails},
      {":YQ=:", kFails},
      {":====:", kFails},
      {":_-8=:", kFails}, // of another alphabet
      {"?1", "true"},
      {"?0", "false"},
      {"?", kFails},
      {"?2", kFails},
      {"?true", kFails},
      {"?01", kFails},
      {"@1659578233", "d1659578233"},
      {"@-62135596800", "d-62135596800"},
      {"@253402214400", "d253402214400"},
      {"@0", "d0"},
      {"@", kFails},
      {"@1.5", kFails},
      {"@\"1\"", kFails},
      {"@ 1", kFails},
      {"@@1", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(item(row.text) == row.expected);
  }
}

TEST_CASE("RFC 9651, 4.2.10: Display Strings", "[http][structured_field]") {
  const Row rows[] = {
      {"%\"a b\"", "ua b"},
      {"%\"\"", "u"},
      {"%\"f%c3%bc\"", "uf\xc3\xbc"},
      {"%\"%22%25\\\"", "u\"%\\"}, // a backslash is a character like any other
      {"%\"%00\"", "u"},           // see below for the NUL
      {"%\"%e2%82%ac\"", "u\xe2\x82\xac"},
      {"%\"%f0%9f%98%80\"", "u\xf0\x9f\x98\x80"},
      {"%\"%f4%8f%bf%bf\"", "u\xf4\x8f\xbf\xbf"},
      {"%\"%ed%9f%bf\"", "u\xed\x9f\xbf"},
      {"%a", kFails},
      {"%", kFails},
      {"%\"a", kFails},
      {"%\"%C3%BC\"", kFails}, // lower case only
      {"%\"%c\"", kFails},
      {"%\"%c3", kFails},
      {"%\"%\"", kFails},
      {"%\"%zz\"", kFails},
      {"%\"\xc3\xbc\"", kFails}, // not escaped
      {"%\"a\tb\"", kFails},
      {"%\"\x7f\"", kFails},
      // RFC 3629, 3 and 4: what is not UTF-8
      {"%\"%c3\"", kFails},
      {"%\"%80\"", kFails},
      {"%\"%c0%af\"", kFails},
      {"%\"%e0%80%af\"", kFails},
      {"%\"%ed%a0%80\"", kFails},
      {"%\"%f0%80%80%af\"", kFails},
      {"%\"%f4%90%80%80\"", kFails},
      {"%\"%f5%80%80%80\"", kFails},
      {"%\"%e2%82\"", kFails},
      {"%\"%e2%82a\"", kFails},
      {"%\"%ff\"", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::string expected =
        std::string_view(row.text) == "%\"%00\"" ? std::string("u\0", 2) : row.expected;
    CHECK(item(row.text) == expected);
  }
}

TEST_CASE("RFC 9651, 4.2.3.2: Parameters", "[http][structured_field]") {
  const Row rows[] = {
      {"a;b", "ta;b=true"},
      {"a;b=1;c=\"x\"", "ta;b=i1;c=sx"},
      {"a; b;  c=?0", "ta;b=true;c=false"},
      {"a;b=1;c;b=2", "ta;b=i2;c=true"}, // the last value, at the place of the first
      {"a;*x_1-.=t", "ta;*x_1-.=tt"},
      {"a;b=@1;c=%\"x\";d=:YQ==:", "ta;b=d1;c=ux;d=ba"},
      {"a ;b", kFails},
      {"a;", kFails},
      {"a;B", kFails},
      {"a;1", kFails},
      {"a;b=", kFails},
      {"a;b =1", kFails},
      {"a;b= 1", kFails},
      {"a;b=(1)", kFails}, // no inner lists
      {"a;\tb", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(item(row.text) == row.expected);
  }
}

TEST_CASE("RFC 9651, 4.2.1: Lists", "[http][structured_field]") {
  const Row rows[] = {
      {"", ""},
      {"   ", ""},
      {"a", "ta/"},
      {"a,b", "ta/tb/"},
      {" a \t,\t b  ", "ta/tb/"},
      {"1, 1", "i1/i1/"},
      {"a;x, (b c);y", "ta;x=true/(tb|tc|);y=true/"},
      {"()", "()/"},
      {"(  )", "()/"},
      {"( a  \"b\" )", "(ta|sb|)/"},
      {"(a;x=1 b);y=2;z", "(ta;x=i1|tb|);y=i2;z=true/"},
      {"(1), ()", "(i1|)/()/"},
      {"a,", kFails},
      {"a, ", kFails},
      {",a", kFails},
      {"a,,b", kFails},
      {"a b", kFails},
      {"a;x y", kFails},
      {"(a", kFails},
      {"(", kFails},
      {"(a,b)", kFails},
      {"(a\tb)", kFails},
      {"(\"a\"\"b\")", kFails},
      {"((a))", kFails}, // no lists in inner lists
      {"(a))", kFails},
      {"(a) b", kFails},
      {")", kFails},
      {"\ta", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(list(row.text) == row.expected);
  }
}

TEST_CASE("RFC 9651, 4.2.2: Dictionaries", "[http][structured_field]") {
  const Row rows[] = {
      {"", ""},
      {"  ", ""},
      {"a", "a:true/"},
      {"a=1", "a:i1/"},
      {"a=1,b", "a:i1/b:true/"},
      {"a=1;x \t, b;y=2", "a:i1;x=true/b:true;y=i2/"},
      {"a=(1 2);x", "a:(i1|i2|);x=true/"},
      {"a=1, b=2, a=3", "a:i3/b:i2/"}, // the last value, at the place of the first
      {"a=1, a", "a:true/"},
      {"*a-b_c.d=?0", "*a-b_c.d:false/"},
      {"a=1,", kFails},
      {",a", kFails},
      {"a,,b", kFails},
      {"a=", kFails},
      {"a =1", kFails},
      {"a= 1", kFails},
      {"A=1", kFails},
      {"aB=1", kFails},
      {"1=1", kFails},
      {"-a", kFails},
      {"a=1 b=2", kFails},
      {"a;x=(1)", kFails},
      {"\"a\"=1", kFails},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(dictionary(row.text) == row.expected);
  }
}

TEST_CASE("RFC 9651, 3.1.2 and 3.2: as many members as must be", "[http][structured_field]") {
  const auto with = [](std::size_t count, char separator) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 || separator == ';') text += separator;
      text += "k" + std::to_string(i);
    }
    return text;
  };
  CHECK(parse_sf_dictionary(with(1024, ','))->size() == 1024);
  CHECK_FALSE(parse_sf_dictionary(with(1025, ',')).has_value());
  CHECK(parse_sf_list(with(5000, ','))->size() == 5000);
  CHECK(parse_sf_item("a" + with(256, ';'))->parameters.size() == 256);
  CHECK_FALSE(parse_sf_item("a" + with(257, ';')).has_value());
}

TEST_CASE("RFC 9651, 4.2: the lines of a field are one value", "[http][structured_field]") {
  FieldList fields;
  CHECK(joined_value(fields, FieldName::cache_groups).empty());
  fields.add(FieldName::cache_groups, "\"a\"");
  CHECK(joined_value(fields, FieldName::cache_groups) == "\"a\"");
  fields.add(FieldName::vary, "x");
  fields.add(FieldName::cache_groups, "\"b\"");
  CHECK(joined_value(fields, FieldName::cache_groups) == "\"a\", \"b\"");
  fields.add(FieldName::cache_groups, "");
  CHECK_FALSE(parse_sf_strings(joined_value(fields, FieldName::cache_groups)));
}

TEST_CASE("RFC 9875, 2: a List of Strings", "[http][structured_field]") {
  using Strings = std::optional<std::vector<std::string>>;
  const std::pair<const char*, Strings> rows[] = {
      {"\"a\"", {{"a"}}},
      {"\"a\", \"b c\", \"a\"", {{"a", "b c", "a"}}},
      {"\"A\";x=1", {{"A"}}}, // parameters are ignored
      {"\"a\\\"b\"", {{"a\"b"}}},
      {"\"\"", {{""}}},
      {"", Strings(std::vector<std::string>())},
      {"a", {}},
      {"\"a\", b", {}},
      {"\"a\", 1", {}},
      {"(\"a\")", {}},
      {"\"a\",", {}},
      {"%\"a\"", {}},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    CHECK(parse_sf_strings(text) == expected);
  }
}
