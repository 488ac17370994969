// Field blocks of requests and responses at the ends of what is possible: long ones, many frames,
// tables of other sizes (RFC 9113, 4.3 and 6.10; RFC 7541, 4.2).
#include <tests/support/catch.hpp>
#include <tests/support/h2_client.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_server.hpp>

using namespace selvedge;
using namespace selvedge::test::h2;
using test::H2Client;
using Request = test::H2Request;
using Server = test::H2Server;

TEST_CASE("RFC 9113, 6.10: a head longer than a frame goes on in CONTINUATION",
          "[codec][h2][heads]") {
  const std::size_t size = GENERATE(std::size_t{16'000}, 16'384, 40'000, 300'000);
  const std::size_t block = GENERATE(std::size_t{100}, 5000, 65536);
  CAPTURE(size, block);
  http::FieldList list;
  const std::string value(size, '~'); // longer when Huffman coded, so it is not
  list.add("x-long", value);
  list.add("x-last", "1");
  const http::HeadBlock stored(list);
  Server server;
  server.on_head = [&](Request& request) {
    request.answer.text = "hello";
    server.session.respond(
        request.id,
        {.status = 200, .block = &stored, .fields = {}, .content_length = {}, .has_content = true});
  };
  REQUIRE(server.session.receive(preface() + settings() + get(1)).has_value());
  const std::string said = output_of(server.session, block);
  std::size_t of_head = 0;
  bool is_in_block = false;
  for (const Frame& frame : frames_of(said)) {
    CHECK(frame.payload.size() <= 16384);
    CHECK((frame.type == 9) == is_in_block); // nothing in between
    if (frame.type != 1 && frame.type != 9) continue;
    of_head += frame.payload.size();
    is_in_block = (frame.flags & kEndHeaders) == 0;
  }
  CHECK(of_head > size);
  CHECK_FALSE(is_in_block);
  // The same, understood by a client; its limit for a head is lower than the largest here.
  if (size > 60'000) return;
  Server again;
  again.on_head = [&](Request& request) {
    request.answer.text = "hello";
    again.session.respond(
        request.id,
        {.status = 200, .block = &stored, .fields = {}, .content_length = {}, .has_content = true});
  };
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(again.session, block));
  CHECK(client.answer(id).fields == "x-long: " + value + "\nx-last: 1\n");
  CHECK(client.answer(id).content == "hello");
}

TEST_CASE("a head longer than a block leaves room for nothing else, and is no flood",
          "[codec][h2][heads]") {
  http::FieldList list;
  const std::string value(300'000, '~');
  list.add("x-long", value);
  const http::HeadBlock stored(list);
  Server server;
  server.on_head = [&](Request& request) {
    server.session.respond(request.id,
                           {.status = 200, .block = &stored, .fields = {}, .content_length = {}});
  };
  REQUIRE(server.session.receive(preface() + settings() + get(1)).has_value());
  std::string said;
  std::string block(4096, '\0');
  for (std::size_t n = 0; (n = server.session.send(block)) > 0;) {
    said.append(block, 0, n);
    if (said.size() < 300'000) REQUIRE(server.session.receive(ping()).has_value());
  }
  const auto frames = frames_of(said);
  const auto is_of_head = [](const Frame& frame) { return frame.type == 1 || frame.type == 9; };
  const auto first = std::find_if(frames.begin(), frames.end(), is_of_head);
  const auto end = std::find_if_not(first, frames.end(), is_of_head);
  CHECK(end - first == 1 + 300'000 / 16384);
  CHECK(std::prev(end)->flags == kEndHeaders);
  CHECK(std::none_of(end, frames.end(), is_of_head));
  CHECK(std::count_if(frames.begin(), frames.end(),
                      [](const Frame& frame) { return frame.is_ack_of_ping(); }) == 73);
}

TEST_CASE("RFC 9113, 6.5.2: the client's table may have any size, and change it",
          "[codec][h2][heads]") {
  Server server;
  http::FieldList list;
  list.add("content-type", "text/html");
  list.add("server", "an origin");
  list.add("x-service", "assets");
  const http::HeadBlock stored(list);
  server.on_head = [&](Request& request) {
    server.session.respond(request.id,
                           {.status = 200, .block = &stored, .fields = {}, .content_length = {}});
  };
  H2Client client;
  for (const std::uint32_t size : {4096u, 0u, 4096u, 64u, 100'000u, 30u, 4096u}) {
    CAPTURE(size);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, size};
    nghttp2_submit_settings(client.session(), NGHTTP2_FLAG_NONE, &entry, 1);
    for (int i = 0; i < 3; ++i) {
      const auto id = client.request(H2Client::get("/"));
      REQUIRE(client.talk_to(server.session));
      CHECK(client.answer(id).fields ==
            "content-type: text/html\nserver: an origin\nx-service: assets\n");
    }
  }
}

TEST_CASE("a head beyond what was announced is told in full, up to a limit", "[codec][h2][heads]") {
  Server server({.max_head_bytes = 16384});
  std::string block = request_block("GET");
  const std::string field = test::h2::block({{"x-some", std::string(100, 'v')}});
  for (int i = 0; i < 400; ++i) block += field; // about 56'000 bytes with what each counts more
  std::string bytes = headers(1, block.substr(0, 16384), kEndStream);
  for (std::size_t at = 16384; at < block.size(); at += 16384) {
    const bool is_last = at + 16384 >= block.size();
    bytes += continuation(1, block.substr(at, 16384), is_last ? kEndHeaders : 0u);
  }
  REQUIRE(server.session.receive(preface() + settings() + bytes).has_value());
  const Request& request = *server.requests.at(0);
  CHECK(request.has_head);
  CHECK(std::count(request.fields.begin(), request.fields.end(), '\n') == 404);
}

TEST_CASE("a stream that is reset in the middle of its head", "[codec][h2][heads]") {
  Server server;
  const std::string fields = request_block("GET", {{"x-a", "b"}});
  REQUIRE(
      server.session.receive(preface() + settings() + headers(1, fields.substr(0, 20), kEndStream))
          .has_value());
  server.session.reset(1, codec::h2::ResetCode::cancel);
  output_of(server.session);
  CHECK(server.requests.at(0)->is_closed);
  // The rest is decoded, and the table stays in step.
  const std::string indexed = "\x40\x03x-i\x01"
                              "1"; // enters the table
  REQUIRE(server.session.receive(continuation(1, fields.substr(20) + indexed)).has_value());
  REQUIRE(server.session.receive(headers(3, request_block("GET") + "\xbe")).has_value());
  CHECK_FALSE(server.requests.at(0)->has_head);
  CHECK(server.requests.at(1)->fields.find("x-i: 1\n") != std::string::npos);
}

TEST_CASE("RFC 9113, 8.2.1: characters of names and values", "[codec][h2][heads]") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    const std::string one(1, static_cast<char>(c));
    Server server;
    REQUIRE(server.session
                .receive(preface() + settings() +
                         headers(1, request_block("GET", {{"x-a", "b" + one + "c"}})) +
                         headers(3, request_block("GET", {{"x" + one + "a", "b"}})) +
                         headers(5, request_block("GET", {{"x-a", one + "b"}})))
                .has_value());
    const bool is_blank = c == ' ' || c == '\t';
    const bool is_in_value = c == '\t' || (c >= ' ' && c != 0x7f);
    const bool is_in_name = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                            (c != 0 && std::string("!#$%&'*+-.^_`|~").find(one) != one.npos);
    CHECK(server.requests.at(0)->has_head == is_in_value);
    CHECK(server.requests.at(1)->has_head == is_in_name);
    CHECK(server.requests.at(2)->has_head == (is_in_value && !is_blank));
  }
}
