#include <src/proxy/header_rules.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;
using namespace selvedge::proxy;
using http::FieldName;

namespace {

http::FieldList fields_of(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  http::FieldList fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

HeaderRuleOptions some_rules() {
  HeaderRuleOptions options;
  options.set = {{"server", "edge"}, {"x-frame-options", "DENY"}};
  options.add = {{"vary", "x-b"}};
  options.remove = {"x-powered-by"};
  return options;
}

http::HeadBlock stored_head() {
  return http::HeadBlock(fields_of({{"content-type", "text/css"},
                                    {"Server", "app"},
                                    {"vary", "x-a"},
                                    {"X-Powered-By", "steam"}}));
}

std::string text_of(const downstream::Response& response) {
  std::string text;
  if (response.block != nullptr) text += "(block)\n";
  for (const http::Field& field : response.fields) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

} // namespace

TEST_CASE("rules take away, set and add", "[proxy][rules]") {
  const HeaderRules rules(some_rules());
  http::FieldList fields = fields_of({{"Server", "a"},
                                      {"x-frame-options", "SAMEORIGIN"},
                                      {"X-Frame-Options", "ALLOW"},
                                      {"vary", "x-a"},
                                      {"X-Powered-By", "steam"},
                                      {"x-stays", "1"}});
  rules.apply(fields);
  CHECK(test::text_of(fields) ==
        "vary: x-a\nx-stays: 1\nserver: edge\nx-frame-options: DENY\nvary: x-b\n");
  CHECK(fields.value(FieldName::server) == "edge");
}

TEST_CASE("an answer by rules has its stored fields in their order", "[proxy][rules]") {
  const HeaderRules rules(some_rules());
  const http::HeadBlock stored = stored_head();
  const http::FieldList extras = fields_of({{"age", "5"}, {"x-frame-options", "ALLOW"}});
  downstream::Response response;
  response.status = 200;
  response.block = &stored;
  response.fields = {extras.begin(), extras.end()};
  response.content_length = 7;
  base::Arena arena;
  const downstream::Response sent = rules.applied(response, 0, arena);
  CHECK(sent.block == nullptr);
  CHECK(sent.status == 200);
  CHECK(sent.content_length == 7u);
  CHECK(text_of(sent) == "content-type: text/css\nvary: x-a\nage: 5\n"
                         "server: edge\nx-frame-options: DENY\nvary: x-b\n");
}

TEST_CASE("a stored head of which nothing goes is sent as it is", "[proxy][rules]") {
  HeaderRuleOptions options;
  options.set = {{"x-frame-options", "DENY"}};
  options.remove = {"x-nowhere", "etag"};
  const HeaderRules rules(options);
  const http::HeadBlock stored = stored_head();
  const http::FieldList extras = fields_of({{"age", "5"}});
  downstream::Response response;
  response.block = &stored;
  response.fields = {extras.begin(), extras.end()};
  base::Arena arena;
  const downstream::Response sent = rules.applied(response, 0, arena);
  CHECK(sent.block == &stored);
  CHECK(text_of(sent) == "(block)\nage: 5\nx-frame-options: DENY\n");
}

TEST_CASE("what is not to be touched stays and does not come", "[proxy][rules]") {
  HeaderRuleOptions options;
  options.set = {{"content-type", "text/plain"}, {"x-a", "1"}};
  const HeaderRules rules(options);
  const http::FieldList own = fields_of({{"content-type", "multipart/byteranges"}});
  downstream::Response response;
  response.fields = {own.begin(), own.end()};
  base::Arena arena;
  CHECK(text_of(rules.applied(response, bit_of(FieldName::content_type), arena)) ==
        "content-type: multipart/byteranges\nx-a: 1\n");
  response.fields = {};
  CHECK(text_of(rules.applied(response, bit_of(FieldName::content_type), arena)) == "x-a: 1\n");
}

TEST_CASE("no rules are no object", "[proxy][rules]") {
  CHECK(make_header_rules({}) == nullptr);
  HeaderRuleOptions options;
  options.remove = {"server"};
  CHECK(make_header_rules(options) != nullptr);
}

TEST_CASE("rules that only remove may leave nothing", "[proxy][rules]") {
  HeaderRuleOptions options;
  options.remove = {"server"};
  const HeaderRules rules(options);
  base::Arena arena;
  CHECK(text_of(rules.applied({}, 0, arena)).empty());
}

TEST_CASE("what rules may not name", "[proxy][rules]") {
  for (const char* name : {"connection",
                           "Keep-Alive",
                           "te",
                           "trailer",
                           "transfer-encoding",
                           "upgrade",
                           "proxy-connection",
                           "proxy-authorization",
                           "content-length",
                           "Content-Range",
                           "host",
                           ":status",
                           ":path",
                           "via",
                           "Age",
                           "cache-status",
                           "expect",
                           "",
                           "x y",
                           "x:"}) {
    CAPTURE(name);
    CHECK_FALSE(is_request_rule_name(name));
    CHECK_FALSE(is_response_rule_name(name));
  }
  for (const char* name : {"range", "If-Range", "if-none-match", "if-match", "if-modified-since",
                           "if-unmodified-since"}) {
    CAPTURE(name);
    CHECK_FALSE(is_request_rule_name(name));
  }
  for (const char* name : {"x-anything", "authorization", "cookie", "set-cookie", "server",
                           "cache-control", "x-forwarded-proto", "traceparent"}) {
    CAPTURE(name);
    CHECK(is_request_rule_name(name));
    CHECK(is_response_rule_name(name));
  }
}
