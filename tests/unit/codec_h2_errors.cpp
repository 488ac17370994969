// What a client may not say, and what comes of it: sequences of frames made from the text of RFC
// 9113 and RFC 9218, each said whole, byte by byte, and in two pieces split at every place.
#include <tests/support/catch.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_server.hpp>

#include <optional>
#include <ostream>

using namespace selvedge;
using namespace selvedge::test::h2;
using codec::h2::ResetCode;
using Request = test::H2Request;
using Server = test::H2Server;

namespace {

constexpr auto kProtocol = ResetCode::protocol_error;
constexpr auto kFlow = ResetCode::flow_control_error;
constexpr auto kClosed = ResetCode::stream_closed;
constexpr auto kSize = ResetCode::frame_size_error;
constexpr auto kCompression = ResetCode::compression_error;

// What the client is told: nothing, RST_STREAM, or GOAWAY.
struct Told {
  std::uint32_t stream = 0; // 0: the connection
  std::optional<ResetCode> code;

  friend bool operator==(const Told&, const Told&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Told& told) {
    if (!told.code) return out << "nothing";
    return out << "stream " << told.stream << ", code " << static_cast<std::uint32_t>(*told.code);
  }
};
Told connection(ResetCode code) {
  return {0, code};
}
Told stream(std::uint32_t id, ResetCode code) {
  return {id, code};
}
const Told kNothing;

enum class Answers { none, at_once, reset };

struct Row {
  const char* what; // with its section
  Told told;
  std::string bytes;       // behind the preface and SETTINGS
  std::string before = {}; // said whole, and answered, before `bytes` are
  Answers answers = Answers::none;
};

std::string request(const std::vector<std::pair<std::string, std::string>>& fields) {
  return headers(1, block(fields));
}
std::string request_with(const std::vector<std::pair<std::string, std::string>>& more) {
  return headers(1, request_block("GET", more));
}
std::string upload(const std::string& length, const std::string& content) {
  return headers(1, request_block("POST", {{"content-length", length}}), kEndHeaders) +
         data(1, content, kEndStream);
}
std::string padded(unsigned padding, const std::string& rest) {
  return number(1, padding) + rest;
}

Told told_by(const std::string& output) {
  Told told;
  for (const Frame& frame : frames_of(output)) {
    if (frame.type == 7) return connection(static_cast<ResetCode>(frame.error_code()));
    if (frame.type == 3 && !told.code) {
      told = stream(frame.stream, static_cast<ResetCode>(frame.error_code()));
    }
  }
  return told;
}

void answer(Server& server, Request& request, Answers answers) {
  if (answers == Answers::at_once) server.session.respond(request.id, {});
  if (answers == Answers::reset) server.session.reset(request.id, ResetCode::cancel);
}

// Says the bytes in pieces, and asks what has come of it behind each.
void check(const Row& row, const std::vector<std::size_t>& ends) {
  Server server;
  server.on_head = [&](Request& request) { answer(server, request, row.answers); };
  REQUIRE(server.session.receive(preface() + settings() + row.before).has_value());
  output_of(server.session);

  std::string output;
  std::size_t at = 0;
  bool is_over = false;
  for (const std::size_t end : ends) {
    is_over = is_over || server.session.receive(row.bytes.substr(at, end - at)).has_error();
    output += output_of(server.session);
    at = end;
  }
  REQUIRE(told_by(output) == row.told);
  // An error of the connection ends it; of a stream, or none, does not.
  const bool ends_connection = row.told.code && row.told.stream == 0;
  REQUIRE(is_over == ends_connection);
  REQUIRE(server.session.is_over() == ends_connection);
  if (ends_connection) return;
  REQUIRE(server.session.receive(ping("stillok?")).has_value());
  const auto frames = frames_of(output_of(server.session));
  REQUIRE(frames.size() == 1);
  REQUIRE(frames[0].is_ack_of_ping());
  REQUIRE(frames[0].payload == "stillok?");
}

void check_in_every_split(const Row& row) {
  CAPTURE(row.what);
  const std::size_t size = row.bytes.size();
  check(row, {size});
  std::vector<std::size_t> each;
  // The inside of a long payload is like that of a short one.
  const std::size_t long_part = size > 400 ? size - 100 : 0;
  for (std::size_t at = 1; at <= size; at += at > 300 && at < long_part ? 997 : 1) {
    each.push_back(at);
  }
  if (each.back() != size) each.push_back(size);
  check(row, each);
  for (const std::size_t at : each) check(row, {at, size});
}

void check_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) check_in_every_split(row);
}

} // namespace

TEST_CASE("RFC 9113, 4: frames as such", "[codec][h2][errors]") {
  const std::string long_payload(16385, '\0');
  check_all({
      {"4.1: an unknown type is ignored", kNothing, frame(0xbe, 0xff, 0, "whatever")},
      {"4.1: an unknown type on an idle stream is too", kNothing, frame(0xbe, 0, 77)},
      {"4.1: the reserved bit is ignored", kNothing, frame(6, 0, 0x80000000, "12345678")},
      {"4.1: flags without a meaning are ignored", kNothing, frame(6, 0xfe, 0, "12345678")},
      {"4.2: DATA", connection(kSize), data(1, long_payload), post(1)},
      {"4.2: HEADERS", connection(kSize), headers(1, long_payload)},
      {"4.2: SETTINGS", connection(kSize), frame(4, 0, 0, long_payload)},
      {"4.2: of an unknown type", connection(kSize), frame(0xbe, 0, 0, long_payload)},
      {"4.3: an index that does not exist", connection(kCompression), headers(1, "\xff\xff\x03")},
      {"4.3: index 0", connection(kCompression), headers(1, "\x80")},
      {"4.3: a block cut short", connection(kCompression), headers(1, "\x82\x10\x05na")},
      {"4.3: of a stream that is not wanted", connection(kCompression), headers(3, "\x80"), post(3),
       Answers::reset},
  });
}

TEST_CASE("RFC 9113, 3.4: SETTINGS come first", "[codec][h2][errors]") {
  const std::string first = GENERATE(ping(), settings_ack(), get(1), window_update(0, 1),
                                     frame(0xbe, 0, 0), data(1, "x"));
  Server server;
  CHECK(server.session.receive(preface() + first).has_error());
  CHECK(told_by(output_of(server.session)) == connection(kProtocol));
  CHECK(server.requests.empty());
}

TEST_CASE("RFC 9113, 3.4: a preface that is none", "[codec][h2][errors]") {
  const std::size_t wrong = GENERATE(range(0u, 24u));
  std::string bytes = preface() + settings();
  bytes[wrong] ^= 1;
  Server server;
  CHECK(server.session.receive(bytes).has_error());
  CHECK(told_by(output_of(server.session)) == connection(kProtocol));
}

TEST_CASE("RFC 9113, 5.1: frames by the state of their stream", "[codec][h2][errors]") {
  const Answers none = Answers::none;
  check_all({
      {"idle: DATA", connection(kProtocol), data(1, "x")},
      {"idle: RST_STREAM", connection(kProtocol), rst_stream(1)},
      {"idle: WINDOW_UPDATE", connection(kProtocol), window_update(1, 1)},
      {"idle: CONTINUATION", connection(kProtocol), continuation(1, request_block("GET"))},
      {"idle: PRIORITY", kNothing, priority(1, 3)},
      {"idle: all of even number", connection(kProtocol), window_update(2, 1), get(5), none},
      {"half-closed (remote): DATA", stream(1, kClosed), data(1, "x"), get(1), none},
      {"half-closed (remote): HEADERS", stream(1, kClosed), get(1), get(1), none},
      {"half-closed (remote): WINDOW_UPDATE", kNothing, window_update(1, 1), get(1), none},
      {"half-closed (remote): PRIORITY", kNothing, priority(1, 0), get(1), none},
      {"half-closed (remote): RST_STREAM", kNothing, rst_stream(1), get(1), none},
      {"half-closed (remote), by trailers: DATA", stream(1, kClosed), data(1, "x"),
       post(1) + headers(1, block({{"x-sum", "1"}})), none},
      {"closed by both: DATA", connection(kClosed), data(1, "x"), get(1), Answers::at_once},
      {"closed by both: HEADERS", connection(kClosed), get(1), get(1), Answers::at_once},
      {"closed by both: WINDOW_UPDATE", kNothing, window_update(1, 1), get(1), Answers::at_once},
      {"closed by both: RST_STREAM", kNothing, rst_stream(1), get(1), Answers::at_once},
      {"closed by both: PRIORITY", kNothing, priority(1, 0), get(1), Answers::at_once},
      {"closed by the client: DATA", connection(kClosed), data(1, "x"), post(1) + rst_stream(1)},
      {"closed by the client: HEADERS", connection(kClosed), get(1), post(1) + rst_stream(1)},
      {"closed by the client: WINDOW_UPDATE", kNothing, window_update(1, 1),
       post(1) + rst_stream(1)},
      {"closed by the server: DATA", kNothing, data(1, "x") + data(1, "", kEndStream), post(1),
       Answers::reset},
      {"closed by the server: trailers", kNothing, headers(1, block({{"x-sum", "1"}})), post(1),
       Answers::reset},
      {"closed by the server: WINDOW_UPDATE", kNothing, window_update(1, 1), post(1),
       Answers::reset},
      {"closed by the server: even one of 0", kNothing, window_update(1, 0), post(1),
       Answers::reset},
      {"closed by the server: RST_STREAM", kNothing, rst_stream(1), post(1), Answers::reset},
      {"5.1.1: an even id", connection(kProtocol), get(2)},
      {"5.1.1: the connection's", connection(kProtocol), get(0)},
      {"5.1.1: a lower id that was passed over", connection(kProtocol), get(5), get(7), none},
      {"5.1.1: DATA for one that was passed over", connection(kClosed), data(5, "x"), get(7)},
      {"5.1.1: ids need not follow one another", kNothing, get(5) + get(77)},
  });
}

TEST_CASE("RFC 9113, 6.1 to 6.4: DATA, HEADERS, PRIORITY, RST_STREAM", "[codec][h2][errors]") {
  const std::string fields = request_block("GET");
  check_all({
      {"6.1: stream 0", connection(kProtocol), data(0, "x")},
      {"6.1: padding of the whole payload", connection(kProtocol),
       data(1, padded(5, "12345").substr(0, 5), kPadded), post(1)},
      {"6.1: padding beyond the payload", connection(kProtocol),
       data(1, padded(200, "12345"), kPadded), post(1)},
      {"6.1: no room for the length of padding", connection(kSize), data(1, "", kPadded), post(1)},
      {"6.1: nothing but padding", kNothing, data(1, padded(5, "12345"), kPadded), post(1)},
      {"6.1: some padding", kNothing, data(1, padded(2, "12345"), kPadded | kEndStream), post(1)},
      {"6.2: padding beyond the payload", connection(kProtocol),
       headers(1, padded(255, fields), kPadded | kEndHeaders)},
      {"6.2: no room for the length of padding", connection(kSize),
       headers(1, "", kPadded | kEndHeaders)},
      {"6.2: padding into the priority", connection(kProtocol),
       headers(1, padded(4, "12345678"), kPadded | kPriority | kEndHeaders)},
      {"6.2: no room for the priority", connection(kSize),
       headers(1, "1234", kPriority | kEndHeaders)},
      {"6.2: padding and priority", kNothing,
       headers(1, padded(3, number(4, 0) + number(1, 9) + fields + "123"),
               kPadded | kPriority | kEndHeaders | kEndStream)},
      {"RFC 7540, 5.3.1: depends on itself", stream(1, kProtocol),
       headers(1, number(4, 1) + number(1, 9) + fields, kPriority | kEndHeaders)},
      {"6.3: stream 0", connection(kProtocol), priority(0, 1)},
      {"6.3: its size", stream(1, kSize), frame(2, 0, 1, "1234"), get(1)},
      {"6.3: its size, on an idle stream", connection(kSize), frame(2, 0, 1, "123456")},
      {"RFC 7540, 5.3.1: PRIORITY on itself", stream(1, kProtocol), priority(1, 1), get(1)},
      {"RFC 7540, 5.3.1: the same, idle", connection(kProtocol), priority(9, 9)},
      {"6.4: stream 0", connection(kProtocol), rst_stream(0)},
      {"6.4: too short", connection(kSize), frame(3, 0, 1, "123"), get(1)},
      {"6.4: too long", connection(kSize), frame(3, 0, 1, "12345"), get(1)},
      {"6.4: a code that nobody knows", kNothing, rst_stream(1, 0xdeadbeef), get(1)},
  });
}

TEST_CASE("RFC 9113, 6.5 to 6.8: SETTINGS, PUSH_PROMISE, PING, GOAWAY", "[codec][h2][errors]") {
  check_all({
      {"6.5: on a stream", connection(kProtocol), frame(4, 0, 1)},
      {"6.5: size", connection(kSize), frame(4, 0, 0, "12345")},
      {"6.5: ACK with a payload", connection(kSize), frame(4, kAck, 0, "123456")},
      {"6.5: an ACK that nothing asked for", kNothing, settings_ack() + settings_ack()},
      {"6.5.2: HEADER_TABLE_SIZE of any size", kNothing, settings({{1, 0}, {1, 0xffffffff}})},
      {"6.5.2: ENABLE_PUSH", connection(kProtocol), settings({{2, 2}})},
      {"6.5.2: ENABLE_PUSH of a client", kNothing, settings({{2, 1}, {2, 0}})},
      {"6.5.2: INITIAL_WINDOW_SIZE", connection(kFlow), settings({{4, 0x80000000}})},
      {"6.5.2: INITIAL_WINDOW_SIZE, at its end", kNothing, settings({{4, 0x7fffffff}})},
      {"6.5.2: MAX_FRAME_SIZE, too small", connection(kProtocol), settings({{5, 16383}})},
      {"6.5.2: MAX_FRAME_SIZE, too large", connection(kProtocol), settings({{5, 1u << 24}})},
      {"6.5.2: MAX_FRAME_SIZE, its ends", kNothing, settings({{5, 16384}, {5, (1u << 24) - 1}})},
      {"6.5.2: an unknown one", kNothing, settings({{0xf00d, 0xffffffff}})},
      {"RFC 9218, 2.1: neither 0 nor 1", connection(kProtocol), settings({{9, 2}})},
      {"RFC 9218, 2.1: not in the first SETTINGS", connection(kProtocol), settings({{9, 1}})},
      {"6.6: a push by a client", connection(kProtocol), frame(5, kEndHeaders, 1, number(4, 2)),
       get(1)},
      {"6.7: on a stream", connection(kProtocol), frame(6, 0, 1, "12345678")},
      {"6.7: too short", connection(kSize), ping("1234567")},
      {"6.7: too long", connection(kSize), ping("123456789")},
      {"6.8: on a stream", connection(kProtocol), frame(7, 0, 1, "12345678")},
      {"6.8: too short", connection(kSize), frame(7, 0, 0, "1234567")},
  });
}

TEST_CASE("RFC 9113, 6.9 and 6.10: WINDOW_UPDATE, CONTINUATION", "[codec][h2][errors]") {
  const std::string fields = request_block("GET");
  const std::string begun = headers(1, fields.substr(0, 5), 0);
  check_all({
      {"6.9: 0, of the connection", connection(kProtocol), window_update(0, 0)},
      {"6.9: 0, of a stream", stream(1, kProtocol), window_update(1, 0), get(1)},
      {"6.9: too short", connection(kSize), frame(8, 0, 0, "123")},
      {"6.9: too long, of a stream", connection(kSize), frame(8, 0, 1, "12345"), get(1)},
      {"6.9.1: more than 2^31-1, of the connection", connection(kFlow),
       window_update(0, 0x7fffffff)},
      {"6.9.1: more than 2^31-1, of a stream", stream(1, kFlow), window_update(1, 0x7fffffff),
       get(1)},
      {"6.9.1: up to 2^31-1", kNothing, window_update(0, 0x7fffffff - 65535)},
      {"6.9.2: more than 2^31-1, by SETTINGS", connection(kFlow),
       window_update(1, 0x7fffffff - 65535) + settings({{4, 65536}}), get(1)},
      {"6.10: without HEADERS", connection(kProtocol), continuation(1, fields), get(1)},
      {"6.10: behind END_HEADERS", connection(kProtocol), get(1) + continuation(1, "")},
      {"6.10: of another stream", connection(kProtocol), begun + continuation(3, fields)},
      {"6.10: of no stream", connection(kProtocol), begun + continuation(0, fields)},
      {"6.2: DATA inside of a block", connection(kProtocol), begun + data(1, "x")},
      {"6.2: HEADERS inside of a block", connection(kProtocol), begun + get(1)},
      {"6.2: PING inside of a block", connection(kProtocol), begun + ping()},
      {"5.5: an unknown type inside of a block", connection(kProtocol),
       begun + frame(0xbe, 0, 1, "x")},
      {"6.10: pieces of any size", kNothing,
       headers(1, fields.substr(0, 1), kEndStream) + continuation(1, fields.substr(1, 7), 0) +
           continuation(1, "", 0) + continuation(1, fields.substr(8))},
      {"6.10: the flags count that HEADERS had", stream(1, kClosed),
       headers(1, fields, kEndStream) + continuation(1, "") + data(1, "x")},
  });
}

TEST_CASE("RFC 9113, 8: messages", "[codec][h2][errors]") {
  const std::vector<std::pair<std::string, std::string>> all = {
      {":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}};
  const auto without = [&](std::size_t i) {
    auto fields = all;
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(i));
    return request(fields);
  };
  const auto with_value = [&](std::size_t i, const std::string& value) {
    auto fields = all;
    fields[i].second = value;
    return request(fields);
  };
  const Told malformed = stream(1, kProtocol);
  check_all({
      {"8.1: a second head", malformed, headers(1, block({{"x", "y"}}), kEndHeaders), post(1)},
      {"8.1: a pseudo-header field in trailers", malformed, headers(1, block({{":path", "/"}})),
       post(1)},
      {"8.1: trailers", kNothing, headers(1, block({{"x", "y"}})), post(1)},
      {"8.1.1: less content than said", malformed, upload("6", "hello")},
      {"8.1.1: more content than said", malformed, upload("4", "hello")},
      {"8.1.1: as much content as said", kNothing, upload("5", "hello")},
      {"8.1.1: no content but a length", malformed, request_with({{"content-length", "5"}})},
      {"8.1.1: no content, as said", kNothing, request_with({{"content-length", "0"}})},
      {"8.1.1: less than said, and trailers", malformed,
       headers(1, request_block("POST", {{"content-length", "6"}}), kEndHeaders) +
           data(1, "hello") + headers(1, block({{"x", "y"}}))},
      {"8.1.1: two lengths", malformed,
       request_with({{"content-length", "0"}, {"content-length", "0"}})},
      {"8.1.1: a length too large", malformed,
       request_with({{"content-length", "99999999999999999999"}})},
      {"8.2: upper case", malformed, request_with({{"Accept", "*/*"}})},
      {"8.2: upper case, in a name that is not known", malformed, request_with({{"x-A", "1"}})},
      {"8.2.2: Connection", malformed, request_with({{"connection", "close"}})},
      {"8.2.2: Keep-Alive", malformed, request_with({{"keep-alive", "5"}})},
      {"8.2.2: Proxy-Connection", malformed, request_with({{"proxy-connection", "close"}})},
      {"8.2.2: Transfer-Encoding", malformed, request_with({{"transfer-encoding", "chunked"}})},
      {"8.2.2: Upgrade", malformed, request_with({{"upgrade", "h2c"}})},
      {"8.2.2: TE", malformed, request_with({{"te", "gzip"}})},
      {"8.2.2: TE: trailers", kNothing, request_with({{"te", "trailers"}})},
      {"8.3: unknown", malformed, request_with({{":foo", "bar"}})},
      {"8.3: of a response", malformed, request_with({{":status", "200"}})},
      {"8.3: behind a regular field", malformed,
       request({{":method", "GET"}, {":scheme", "https"}, {"x", "y"}, {":path", "/"}})},
      {"8.3: twice", malformed, request_with({{":path", "/"}})},
      {"8.3.1: no method", malformed, without(0)},
      {"8.3.1: no scheme", malformed, without(1)},
      {"8.3.1: no authority", malformed, without(2)},
      {"8.3.1: no path", malformed, without(3)},
      {"8.3.1: Host instead of the authority", kNothing,
       request({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a"}})},
      {"8.3.1: an empty path", malformed, with_value(3, "")},
      {"8.3.1: a path that is none", malformed, with_value(3, "a")},
      {"8.3.1: an asterisk for GET", malformed, with_value(3, "*")},
      {"8.3.1: an asterisk for OPTIONS", kNothing,
       request(
           {{":method", "OPTIONS"}, {":scheme", "https"}, {":authority", "a"}, {":path", "*"}})},
      {"8.3.1: a method that is no token", malformed, with_value(0, "G T")},
      {"8.3.1: a space in the path", malformed, with_value(3, "/a b")},
      {"8.3.1: a space in the authority", malformed, with_value(2, "a b")},
      {"8.5: CONNECT", kNothing, request({{":method", "CONNECT"}, {":authority", "a:443"}})},
      {"8.5: CONNECT with a path", malformed, with_value(0, "CONNECT")},
      {"8.5: CONNECT without an authority", malformed, request({{":method", "CONNECT"}})},
      {"RFC 8441, 4: it was not offered", malformed, request_with({{":protocol", "websocket"}})},
  });
}

TEST_CASE("RFC 9218, 7.1: PRIORITY_UPDATE", "[codec][h2][errors]") {
  check_all({
      {"on a stream", connection(kProtocol), frame(16, 0, 1, number(4, 1) + "u=1"), get(1)},
      {"too short", connection(kSize), frame(16, 0, 0, "123")},
      {"of stream 0", connection(kProtocol), priority_update(0, "u=1")},
      {"of a push that was not promised", connection(kProtocol), priority_update(2, "u=1")},
      {"of an idle stream", kNothing, priority_update(1, "u=1")},
      {"of an open stream", kNothing, priority_update(1, "u=1, i"), get(1)},
      {"of a closed stream", kNothing, priority_update(1, "u=1"), get(1), Answers::at_once},
      {"that cannot be read", kNothing, priority_update(1, "\x01"), get(1)},
      {"inside of a block", connection(kProtocol), headers(1, "", 0) + priority_update(1, "u=1")},
  });
}
