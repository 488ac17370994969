#include <src/proxy/forward.hpp>
#include <src/proxy/forwarded.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;
using namespace selvedge::proxy;

namespace {

http::RequestHead request_with(std::initializer_list<std::pair<const char*, const char*>> fields) {
  http::RequestHead head;
  head.authority = "a.example";
  head.target = "/x?y";
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

const downstream::ClientConnection kClient{"192.0.2.7", "main", true};
const Forwarding kNobody;

Forwarding trusting(ForwardingFields fields) {
  Forwarding forwarding;
  forwarding.trusted.emplace(std::vector<std::string>{"192.0.2.0/24", "2001:db8::/32"});
  forwarding.fields = fields;
  return forwarding;
}

ForwardContext context_of(const Forwarding& forwarding, Purpose purpose = Purpose::pass) {
  return {kClient, "1.1 node", forwarding, purpose};
}

std::string forwarded(const http::RequestHead& request, Purpose purpose) {
  base::Arena arena;
  return test::text_of(forwarded_head(request, context_of(kNobody, purpose), arena).fields);
}

std::string forwarded(const http::RequestHead& request, const Forwarding& forwarding) {
  base::Arena arena;
  return test::text_of(forwarded_head(request, context_of(forwarding), arena).fields);
}

const std::string kAdded = "via: 1.1 node\nx-forwarded-for: 192.0.2.7\n"
                           "x-forwarded-proto: https\nx-forwarded-host: a.example\n";

} // namespace

TEST_CASE("the head of a request is passed on with a copy of its texts", "[proxy][forward]") {
  base::Arena arena;
  http::RequestHead head;
  {
    std::string target = "/some/where";
    http::RequestHead request = request_with({{"accept", "*/*"}});
    request.target = target;
    request.method = http::Method::post;
    request.method_text = "POST";
    request.content_length = 5;
    request.has_content = true;
    const ForwardContext context{kClient, "2 node", kNobody, Purpose::pass};
    head = forwarded_head(request, context, arena);
    target.assign(target.size(), 'x');
  }
  CHECK(head.target == "/some/where");
  CHECK(head.method_text == "POST");
  CHECK(head.authority == "a.example");
  CHECK(head.content_length == 5u);
  CHECK(head.has_content);
  CHECK(head.fields.value(http::FieldName::via) == "2 node");
}

TEST_CASE("RFC 9110, 7.6.1: fields of the connection stay here", "[proxy][forward]") {
  const auto request = request_with({{"connection", "close, X-Gone, Host, X-Forwarded-For"},
                                     {"x-gone", "1"},
                                     {"keep-alive", "5"},
                                     {"te", "trailers"},
                                     {"trailer", "x"},
                                     {"upgrade", "h2c"},
                                     {"proxy-authorization", "secret"},
                                     {"x-stays", "1"}});
  CHECK(forwarded(request, Purpose::pass) == "x-stays: 1\n" + kAdded);
}

TEST_CASE("RFC 9110, 10.1.1: what was answered here is not asked again", "[proxy][forward]") {
  CHECK(forwarded(request_with({{"expect", "100-continue"}}), Purpose::pass) == kAdded);
}

TEST_CASE("what clients say about who they are is not believed", "[proxy][forward]") {
  const auto request = request_with({{"forwarded", "for=10.0.0.1"},
                                     {"x-forwarded-for", "10.0.0.1"},
                                     {"X-Forwarded-Proto", "http"},
                                     {"x-forwarded-host", "evil.example"}});
  CHECK(forwarded(request, Purpose::pass) == kAdded);
}

TEST_CASE("what a trusted proxy says is continued", "[proxy][forward]") {
  const auto request = request_with({{"x-forwarded-for", "203.0.113.9"},
                                     {"x-forwarded-for", "198.51.100.4"},
                                     {"x-forwarded-proto", "http"},
                                     {"x-forwarded-host", "www.example"},
                                     {"forwarded", "for=203.0.113.9;proto=http"}});
  const std::string x_fields = "x-forwarded-for: 203.0.113.9, 198.51.100.4, 192.0.2.7\n"
                               "x-forwarded-proto: http\nx-forwarded-host: www.example\n";
  const std::string by_rfc = "forwarded: for=203.0.113.9;proto=http, "
                             "for=192.0.2.7;host=a.example;proto=https\n";
  const std::string via = "via: 1.1 node\n";
  CHECK(forwarded(request, trusting(ForwardingFields::x_forwarded)) == via + x_fields);
  CHECK(forwarded(request, trusting(ForwardingFields::forwarded)) == via + by_rfc);
  CHECK(forwarded(request, trusting(ForwardingFields::both)) == via + x_fields + by_rfc);
  CHECK(forwarded(request, trusting(ForwardingFields::none)) == via);
  // One that says nothing leaves what this node sees.
  CHECK(forwarded(request_with({}), trusting(ForwardingFields::x_forwarded)) == kAdded);
}

TEST_CASE("who is not trusted begins the chain, in whatever fields", "[proxy][forward]") {
  Forwarding forwarding;
  forwarding.trusted.emplace(std::vector<std::string>{"10.0.0.0/8"});
  forwarding.fields = ForwardingFields::both;
  const auto request = request_with({{"x-forwarded-for", "10.0.0.1"}, {"forwarded", "for=a"}});
  CHECK(forwarded(request, forwarding) ==
        kAdded + "forwarded: for=192.0.2.7;host=a.example;proto=https\n");
}

TEST_CASE("RFC 7239, 4: what is no token is quoted", "[proxy][forward]") {
  CHECK(forwarded_element({"192.0.2.7", "", false}, "a.example:8080") ==
        "for=192.0.2.7;host=\"a.example:8080\";proto=http");
  CHECK(forwarded_element({"2001:db8::1", "", true}, "[::1]") ==
        "for=\"[2001:db8::1]\";host=\"[::1]\";proto=https");
  CHECK(forwarded_element({"fe80::1%eth0", "", true}, "") == "for=\"[fe80::1]\";proto=https");
  CHECK(forwarded_element({"somewhere", "", false}, "a\"b\\c") ==
        R"(for=unknown;host="a\"b\\c";proto=http)");
}

TEST_CASE("RFC 7239, 6: the address of a node", "[proxy][forward]") {
  using Row = std::tuple<const char*, const char*>;
  const auto [node, address] = GENERATE(table<const char*, const char*>({
      Row{"192.0.2.1", "192.0.2.1"},
      Row{"192.0.2.1:80", "192.0.2.1"},
      Row{"\"192.0.2.1:80\"", "192.0.2.1"},
      Row{"\"[2001:db8::1]:80\"", "2001:db8::1"},
      Row{"[2001:db8::1]", "2001:db8::1"},
      Row{"2001:db8::1", "2001:db8::1"}, // as X-Forwarded-For has it
      Row{"unknown", ""},
      Row{"_hidden", ""},
      Row{"", ""},
      Row{"\"", ""},
      Row{"[", ""},
      Row{"[]", ""},
      Row{":80", ""},
      Row{"192.0.2", ""},
  }));
  CAPTURE(node);
  CHECK(address_of_node(node) == address);
}

TEST_CASE("the client is the last in the chain that is no trusted proxy", "[proxy][forward]") {
  using Row = std::tuple<const char*, const char*>;
  const auto [chain, client] = GENERATE(table<const char*, const char*>({
      Row{"", "192.0.2.7"},
      Row{"203.0.113.9", "203.0.113.9"},
      Row{"10.1.1.1, 203.0.113.9", "203.0.113.9"}, // what it says itself is not believed
      Row{"10.1.1.1, 203.0.113.9, 192.0.2.8, 2001:db8::2", "203.0.113.9"},
      Row{"192.0.2.9, 192.0.2.8", "192.0.2.9"}, // all are proxies
      Row{"203.0.113.9, unknown, 192.0.2.8", "192.0.2.8"},
      Row{"203.0.113.9, rubbish", "192.0.2.7"},
      Row{"203.0.113.9:4711", "203.0.113.9"},
  }));
  CAPTURE(chain);
  const auto request = request_with({{"x-forwarded-for", chain}});
  const Forwarding trusted = trusting(ForwardingFields::x_forwarded);
  CHECK(client_address(request.fields, "192.0.2.7", trusted) == client);
  CHECK(client_address(request.fields, "198.51.100.1", trusted) == "198.51.100.1");
  CHECK(client_address(request.fields, "192.0.2.7", kNobody) == "192.0.2.7");
}

TEST_CASE("the client is taken from Forwarded where that is the field", "[proxy][forward]") {
  const Forwarding trusted = trusting(ForwardingFields::forwarded);
  const auto client = [&](const char* chain) {
    const auto request = request_with({{"forwarded", chain}, {"x-forwarded-for", "10.9.9.9"}});
    return std::string(client_address(request.fields, "192.0.2.7", trusted));
  };
  CHECK(client("for=10.1.1.1, For=203.0.113.9;proto=http, by=x;for=192.0.2.8") == "203.0.113.9");
  CHECK(client("for=\"[2001:db9::1]:80\";host=\"a, b\"") == "2001:db9::1");
  CHECK(client("for=203.0.113.9, proto=https") == "192.0.2.7");
}

TEST_CASE("a trace replaces the client's fields of it", "[proxy][forward][trace]") {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string sent = "00-" + id + "-00f067aa0ba902b7-01";
  const auto request =
      request_with({{"Traceparent", sent.c_str()}, {"tracestate", "a=1"}, {"TraceState", "b=2"}});
  CHECK(forwarded(request, kNobody) ==
        "Traceparent: " + sent + "\ntracestate: a=1\nTraceState: b=2\n" + kAdded);

  TraceContext trace;
  trace.parent = *parse_trace_parent("00-" + id + "-b7ad6b7169203331-01");
  trace.is_continued = true;
  ForwardContext context = context_of(kNobody);
  context.trace = &trace;
  base::Arena arena;
  const std::string parent = "traceparent: 00-" + id + "-b7ad6b7169203331-01\n";
  CHECK(test::text_of(forwarded_head(request, context, arena).fields) ==
        kAdded + parent + "tracestate: a=1\ntracestate: b=2\n");
  trace.is_continued = false;
  CHECK(test::text_of(forwarded_head(request, context, arena).fields) == kAdded + parent);
}

TEST_CASE("a route's rules have the last word", "[proxy][forward]") {
  HeaderRuleOptions options;
  options.set = {{"x-forwarded-proto", "https"}, {"x-key", "k"}};
  options.remove = {"cookie", "x-forwarded-host"};
  const HeaderRules rules(options);
  ForwardContext context = context_of(kNobody);
  context.rules = &rules;
  base::Arena arena;
  const auto request = request_with({{"X-Key", "client's"}, {"cookie", "a=1"}, {"x", "y"}});
  CHECK(test::text_of(forwarded_head(request, context, arena).fields) ==
        "x: y\nvia: 1.1 node\nx-forwarded-for: 192.0.2.7\nx-forwarded-proto: https\nx-key: k\n");
}

TEST_CASE("RFC 9110, 7.6.3: this node is added to Via", "[proxy][forward]") {
  const auto request = request_with({{"via", "1.0 a"}, {"via", "1.1 b, 1.1 c"}});
  CHECK(forwarded(request, Purpose::pass).find("via: 1.0 a, 1.1 b, 1.1 c, 1.1 node\n") == 0);
}

TEST_CASE("RFC 9113, 8.2.3: the crumbs of a cookie become one", "[proxy][forward]") {
  const auto request = request_with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}});
  CHECK(forwarded(request, Purpose::pass) == "x: y\ncookie: a=1; b=2\n" + kAdded);
}

TEST_CASE("a fill is for everybody: the conditions of one client stay off", "[proxy][forward]") {
  const auto request = request_with({{"if-none-match", "\"a\""},
                                     {"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                     {"if-match", "*"},
                                     {"if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                     {"range", "bytes=0-1"},
                                     {"if-range", "\"a\""},
                                     {"accept-encoding", "gzip"}});
  CHECK(forwarded(request, Purpose::fill) == "accept-encoding: gzip\n" + kAdded);
  CHECK(forwarded(request, Purpose::pass).find("range: bytes=0-1\n") != std::string::npos);
  CHECK(forwarded(request, Purpose::pass).find("if-none-match: \"a\"\n") == 0);
}

TEST_CASE("RFC 9110, 7.6.3: a node that is in Via already asks itself", "[proxy][forward]") {
  for (const char* via : {"1.1 node", "1.1 a, 2 node", "HTTP/1.1 node (comment)", "1.1\tnode"}) {
    CAPTURE(via);
    CHECK(is_loop(request_with({{"via", via}}), "node"));
  }
  CHECK(is_loop(request_with({{"via", "1.1 a"}, {"via", "1.1 node"}}), "node"));
  for (const char* via : {"", "1.1 a", "node", "1.1 node2", "1.1 a (node)", "1.1 node:80"}) {
    CAPTURE(via);
    CHECK_FALSE(is_loop(request_with({{"via", via}}), "node"));
  }
  CHECK_FALSE(is_loop(request_with({}), "node"));
}
