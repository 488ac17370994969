#include <selvedge/http/field.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge::http;

namespace {

std::vector<std::string> elements_of(std::string_view list) {
  std::vector<std::string> elements;
  for_each_element(list, [&](std::string_view element) {
    elements.emplace_back(element);
    return true;
  });
  return elements;
}

std::vector<std::string> names_of(const FieldList& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.emplace_back(field.name);
  return names;
}

} // namespace

TEST_CASE("every token is found by its text, in any case", "[http][field]") {
  for (int i = 1; i <= static_cast<int>(FieldName::x_forwarded_proto); ++i) {
    const auto name = static_cast<FieldName>(i);
    std::string text(text_of(name));
    CAPTURE(text);
    REQUIRE_FALSE(text.empty());
    CHECK(field_name_of(text) == name);
    for (std::size_t at = 0; at < text.size(); at += 2) {
      if (text[at] >= 'a' && text[at] <= 'z') text[at] = static_cast<char>(text[at] - 32);
    }
    CHECK(field_name_of(text) == name);
    CHECK(field_name_of(text + "x") == FieldName::unknown);
    CHECK(field_name_of(std::string_view(text).substr(1)) != name);
  }
}

TEST_CASE("a text that only resembles a token is unknown", "[http][field]") {
  const auto* text =
      GENERATE("", "x", "hosts", "ETa\x67s", "cache_control", "cache\rcontrol", "Etaf",
               "x-forwarded-prot\x8f", "an-extremely-long-name-of-a-field-nobody-knows");
  CHECK(field_name_of(text) == FieldName::unknown);
  CHECK(text_of(FieldName::unknown).empty());
}

TEST_CASE("case folding is for letters only", "[http][field]") {
  CHECK(equals_ignoring_case("AbC-1", "aBc-1"));
  CHECK_FALSE(equals_ignoring_case("a@", "a`")); // 0x40 and 0x60
  CHECK_FALSE(equals_ignoring_case("\r", "-"));
  CHECK_FALSE(equals_ignoring_case("a", "ab"));
  CHECK_FALSE(equals_ignoring_case("\xc4", "\xe4"));
}

TEST_CASE("a list finds, counts and removes by token and by text", "[http][field]") {
  FieldList fields;
  fields.add("Via", "1.1 a");
  fields.add("X-Thing", "one");
  fields.add(FieldName::via, "1.1 b");
  CHECK(fields.find(FieldName::via)->value == "1.1 a");
  CHECK(fields.value(FieldName::via) == "1.1 a");
  CHECK(fields.count(FieldName::via) == 2);
  CHECK(fields.find("x-thing")->value == "one");
  CHECK(fields.find("VIA")->value == "1.1 a");
  CHECK(fields.find(FieldName::age) == nullptr);
  CHECK(fields.find("x-other") == nullptr);
  CHECK(fields.value(FieldName::age).empty());
  fields.remove(FieldName::via);
  CHECK(names_of(fields) == std::vector<std::string>{"X-Thing"});
}

TEST_CASE("RFC 9110, 5.6.1: list elements", "[http][field]") {
  using Row = std::tuple<const char*, std::vector<std::string>>;
  const auto [list, expected] = GENERATE(table<const char*, std::vector<std::string>>({
      Row{"", {}},
      Row{" , ,\t,", {}},
      Row{"a", {"a"}},
      Row{"a,b , c", {"a", "b", "c"}},
      Row{",a,,b,", {"a", "b"}},
      Row{"a=\"x,y\", b", {"a=\"x,y\"", "b"}},
      Row{"a=\"x\\\",y\", b", {"a=\"x\\\",y\"", "b"}},
      Row{"a=\"unfinished, b", {"a=\"unfinished, b"}},
      Row{"a=\"x\\", {"a=\"x\\"}},
  }));
  CAPTURE(list);
  CHECK(elements_of(list) == expected);
}

TEST_CASE("a visit of a list can stop, across fields too", "[http][field]") {
  FieldList fields;
  fields.add(FieldName::vary, "a, b");
  fields.add(FieldName::via, "not asked for");
  fields.add(FieldName::vary, "c, d");
  std::string seen;
  for_each_element(fields, FieldName::vary, [&](std::string_view element) {
    seen += element;
    return element != "c";
  });
  CHECK(seen == "abc");
}

TEST_CASE("RFC 9110, 5.6.2 and 5.5: tokens and values", "[http][field]") {
  CHECK(is_token("x-A1!#$%&'*+-.^_`|~"));
  CHECK_FALSE(is_token(""));
  for (const char* text :
       {"a b", "a:", "a\t", "(a)", "a,", "\"a\"", "a/b", "\x80", "a\x7f", "a@b"}) {
    CAPTURE(text);
    CHECK_FALSE(is_token(text));
  }
  CHECK(is_field_value(""));
  CHECK(is_field_value("a\tb \x80\xff"));
  for (const std::string& text :
       {std::string("a\rb"), std::string("a\n"), std::string("a\0b", 3), std::string("\x7f")}) {
    CHECK_FALSE(is_field_value(text));
  }
  CHECK(trim(" \t a b \t") == "a b");
  CHECK(trim(" \t ").empty());
}

TEST_CASE("RFC 9110, 7.6.1: what belongs to one connection goes", "[http][field]") {
  FieldList fields;
  for (const char* name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade", "Proxy-Authenticate", "Proxy-Authorization", "X-Stays", "Accept-Encoding"}) {
    fields.add(name, std::string_view(name) == "Connection" ? "close" : "x");
  }
  remove_hop_by_hop(fields);
  CHECK(names_of(fields) == std::vector<std::string>{"X-Stays", "Accept-Encoding"});
}

TEST_CASE("RFC 9110, 7.6.1: what Connection names goes, but for what protects the message",
          "[http][field]") {
  FieldList fields;
  fields.add("connection", "X-Hop, ,Cookie, Host");
  fields.add("x-hop", "1");
  fields.add("cookie", "a=b");
  fields.add("connection", "content-length, cache-control, forwarded, x-forwarded-for, Via");
  for (const char* name : {"host", "content-length", "cache-control", "forwarded",
                           "x-forwarded-for", "via", "x-hop2"}) {
    fields.add(name, "1");
  }
  fields.add("X-HOP", "2");
  remove_hop_by_hop(fields);
  CHECK(names_of(fields) == std::vector<std::string>{"host", "content-length", "cache-control",
                                                     "forwarded", "x-forwarded-for", "via",
                                                     "x-hop2"});
}
