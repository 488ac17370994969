#include <selvedge/codec/h2_session.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/h2_client.hpp>
#include <tests/support/h2_server.hpp>

using namespace selvedge;
using namespace selvedge::codec::h2;
using http::BodyState;
using test::H2Client;
using Request = test::H2Request;
using Server = test::H2Server;

TEST_CASE("RFC 9113, 8: a request and its answer", "[codec][h2]") {
  Server server;
  http::FieldList stored;
  stored.add("ETag", "\"a\"");
  const http::HeadBlock block(stored);
  const http::Field extra{http::FieldName::age, "age", "7"};
  server.on_head = [&](Request& request) {
    request.answer.text = "hello";
    server.session.respond(request.id, {.status = 203,
                                        .block = &block,
                                        .fields = {&extra, 1},
                                        .content_length = 5,
                                        .has_content = true});
  };
  H2Client client;
  const auto id = client.request(H2Client::get("/x?y"));
  REQUIRE(client.talk_to(server.session));
  REQUIRE(server.requests.size() == 1);
  const Request& request = *server.requests[0];
  CHECK(request.fields == ":method: GET\n:scheme: https\n:authority: a.example\n:path: /x?y\n");
  CHECK_FALSE(request.has_content);
  CHECK(request.has_ended);
  CHECK(request.answer_sent);
  CHECK(request.is_closed);
  CHECK(request.error_code == 0);
  const auto& answer = client.answer(id);
  CHECK(answer.status == "203");
  CHECK(answer.fields == "etag: \"a\"\nage: 7\ncontent-length: 5\n");
  CHECK(answer.content == "hello");
  CHECK(answer.has_ended);
  CHECK_FALSE(server.session.has_pending_output());
  CHECK_FALSE(server.session.is_over());
}

TEST_CASE("a request with content, and 100 (Continue) before the answer", "[codec][h2]") {
  Server server;
  server.on_head = [&](Request& request) { server.session.respond_interim(request.id, 100); };
  H2Client client;
  const std::string content(200000, 'u'); // more than a stream's window
  const auto id = client.request(H2Client::with_method("PUT"), content);
  REQUIRE(client.talk_to(server.session));
  Request& request = *server.requests.at(0);
  CHECK(request.has_content);
  CHECK(request.content == content);
  CHECK(request.has_ended);
  CHECK_FALSE(client.answer(id).has_ended);
  server.answer(request, "done");
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).interim == "100 ");
  CHECK(client.answer(id).status == "200");
  CHECK(client.answer(id).content == "done");
}

TEST_CASE("RFC 9113, 8.1: interim heads come before the final one, with fields of their own",
          "[codec][h2][interim]") {
  Server server;
  server.on_head = [&](Request& request) {
    {
      // Gone when the frame is written.
      const std::string link = "</a.css>; rel=preload";
      const http::Field field{http::FieldName::link, "Link", link};
      server.session.respond_interim(request.id, 103, {&field, 1});
    }
    server.session.respond_interim(request.id, 102);
    const http::Field age{http::FieldName::age, "age", "7"};
    request.answer.text = "hello";
    server.session.respond(
        request.id, {.status = 200, .fields = {&age, 1}, .content_length = 5, .has_content = true});
  };
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  const auto& answer = client.answer(id);
  CHECK(answer.interim == "103 102 ");
  CHECK(answer.interim_fields == "link: </a.css>; rel=preload\n");
  CHECK(answer.status == "200");
  CHECK(answer.fields == "age: 7\ncontent-length: 5\n");
  CHECK(answer.content == "hello");
  CHECK(answer.error_code == 0);
}

TEST_CASE("an interim head is sent while the final one is awaited", "[codec][h2][interim]") {
  Server server;
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  Request& request = *server.requests.at(0);
  server.session.respond_interim(request.id, 103);
  CHECK(server.session.has_pending_output());
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).status == "103");
  CHECK_FALSE(client.answer(id).has_ended);
  CHECK_FALSE(request.answer_sent);
  server.answer(request, "late");
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).status == "200");
  CHECK(client.answer(id).content == "late");
}

TEST_CASE("RFC 9113, 5.2: content that nobody uses stops at the window", "[codec][h2]") {
  Server server({.stream_window = 65535});
  server.consumes = false;
  H2Client client;
  client.request(H2Client::with_method("PUT"), std::string(200000, 'u'));
  REQUIRE(client.talk_to(server.session));
  Request& request = *server.requests.at(0);
  CHECK(request.content.size() == 65535);
  CHECK_FALSE(request.has_ended);
  server.consumes = true;
  server.session.consume(request.id, 65535);
  REQUIRE(client.talk_to(server.session));
  CHECK(request.content.size() == 200000);
  CHECK(request.has_ended);
}

TEST_CASE("answers without content end with their head", "[codec][h2]") {
  const http::Status status = GENERATE(http::Status{200}, http::Status{204}, http::Status{304});
  Server server;
  server.on_head = [&](Request& request) {
    std::optional<std::uint64_t> length;
    if (status == 200) length = 1000; // as for HEAD
    server.session.respond(request.id, {.status = status, .fields = {}, .content_length = length});
  };
  H2Client client;
  const auto id = client.request(H2Client::with_method("HEAD"));
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).status == std::to_string(status));
  CHECK(client.answer(id).fields == (status == 200 ? "content-length: 1000\n" : ""));
  CHECK(client.answer(id).content.empty());
  CHECK(client.answer(id).has_ended);
  CHECK(server.requests.at(0)->is_closed);
}

TEST_CASE("a large answer goes through the client's windows and blocks of any size",
          "[codec][h2]") {
  const std::size_t block = GENERATE(std::size_t{16400}, 20000, 65536);
  const std::size_t piece = GENERATE(std::size_t{100}, 16384, 65000);
  CAPTURE(block, piece);
  std::string content;
  for (int i = 0; content.size() < 1'000'000; ++i) content += std::to_string(i);
  Server server;
  server.on_head = [&](Request& request) {
    request.answer.piece = piece;
    server.answer(request, content);
  };
  H2Client client;
  const auto one = client.request(H2Client::get("/1"));
  const auto two = client.request(H2Client::get("/2"));
  REQUIRE(client.talk_to(server.session, block));
  CHECK(client.answer(one).content == content);
  CHECK(client.answer(two).content == content);
  CHECK(client.answer(one).has_ended);
  CHECK(client.answer(two).has_ended);
}

TEST_CASE("an answer may come later, and its content later still", "[codec][h2]") {
  Server server;
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  Request& request = *server.requests.at(0);
  CHECK(client.answer(id).status.empty());
  server.answer(request, "", BodyState::pending);
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).status == "200");
  CHECK(client.answer(id).content.empty());

  request.answer.text = "first";
  server.session.resume(request.id);
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).content == "first");
  CHECK_FALSE(client.answer(id).has_ended);

  request.answer.text += " second";
  request.answer.state = BodyState::end;
  server.session.resume(request.id);
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).content == "first second");
  CHECK(client.answer(id).has_ended);
  CHECK(request.answer_sent);
}

TEST_CASE("content that fails resets the stream: the client must notice", "[codec][h2]") {
  Server server;
  server.on_head = [&](Request& request) { server.answer(request, "half", BodyState::failed); };
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  CHECK_FALSE(client.answer(id).has_ended);
  CHECK(client.answer(id).is_closed);
  CHECK(client.answer(id).error_code == NGHTTP2_INTERNAL_ERROR);
  CHECK_FALSE(server.requests.at(0)->answer_sent);
  CHECK(server.requests.at(0)->is_closed);
}

TEST_CASE("either side may reset a stream", "[codec][h2]") {
  Server server;
  H2Client client;
  const auto ours = client.request(H2Client::get("/1"));
  const auto theirs = client.request(H2Client::get("/2"));
  REQUIRE(client.talk_to(server.session));
  server.session.reset(ours, ResetCode::cancel);
  nghttp2_submit_rst_stream(client.session(), NGHTTP2_FLAG_NONE, theirs, NGHTTP2_CANCEL);
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(ours).error_code == NGHTTP2_CANCEL);
  CHECK(server.requests.at(0)->is_closed);
  CHECK(server.requests.at(1)->is_closed);
  CHECK(server.requests.at(1)->error_code == NGHTTP2_CANCEL);
}

TEST_CASE("RFC 9113, 8.1: an answer before the request has ended stops it", "[codec][h2]") {
  Server server;
  server.consumes = false;
  server.on_head = [&](Request& request) { server.answer(request, "enough"); };
  H2Client client;
  const auto id = client.request(H2Client::with_method("POST"), std::string(200000, 'u'));
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).content == "enough");
  CHECK(client.answer(id).has_ended);
  CHECK(client.answer(id).error_code == NGHTTP2_NO_ERROR);
  CHECK(client.answer(id).is_closed);
  CHECK(server.requests.at(0)->is_closed);
}

TEST_CASE("RFC 9113, 8.7: a refused stream may be tried again", "[codec][h2]") {
  Server server;
  server.refuses = true;
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).is_closed);
  CHECK(client.answer(id).error_code == NGHTTP2_REFUSED_STREAM);
  server.refuses = false;
  client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  CHECK(server.requests.size() == 1);
}

TEST_CASE("RFC 9113, 6.8: a graceful end in two steps", "[codec][h2]") {
  Server server;
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(client.talk_to(server.session));
  server.session.announce_shutdown();
  REQUIRE(client.talk_to(server.session));
  CHECK(client.goaways() == std::vector<std::int32_t>{0x7fffffff});
  server.session.finish_shutdown();
  REQUIRE(client.talk_to(server.session));
  CHECK(client.goaways() == std::vector<std::int32_t>{0x7fffffff, id});
  CHECK_FALSE(server.session.is_over()); // an answer is owed
  server.answer(*server.requests.at(0), "last");
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).content == "last");
  CHECK(server.session.is_over());
}

TEST_CASE("RFC 9113, 8.2.1: fields that would mean something else in HTTP/1.1 do not pass",
          "[codec][h2][smuggling]") {
  const auto [name, value] = GENERATE(values<std::pair<std::string, std::string>>({
      {"x", "a\r\nb: c"},
      {"x", "a\nb"},
      {"x", "a\rb"},
      {"x", std::string("a\0b", 3)},
      {"x y", "a"},
      {"x\r\ny", "a"},
      {"x:", "a"},
      {"", "a"},
      {"X", "a"},
      {"connection", "close"},
      {"transfer-encoding", "chunked"},
      {"upgrade", "h2c"},
      {"te", "gzip"},
      {"content-length", "1x"},
      {":path", "/again"},
      {":other", "pseudo"},
  }));
  CAPTURE(name, value);
  Server server;
  H2Client client;
  test::H2Fields fields = H2Client::get("/");
  fields.emplace_back(name, value);
  const auto id = client.request(fields);
  REQUIRE(client.talk_to(server.session));
  for (const auto& request : server.requests) {
    CHECK(request->fields.find('\r') == std::string::npos);
    CHECK(request->fields.find("b: c") == std::string::npos);
    CHECK((!request->has_head && request->is_closed));
  }
  CHECK(client.answer(id).status.empty());
}

TEST_CASE("RFC 9113, 8.1.1: content that differs from its length resets the stream",
          "[codec][h2][smuggling]") {
  const std::string length = GENERATE("4", "6");
  Server server;
  H2Client client;
  test::H2Fields fields = H2Client::with_method("POST");
  fields.emplace_back("content-length", length);
  const auto id = client.request(fields, "hello");
  REQUIRE(client.talk_to(server.session));
  CHECK(client.answer(id).error_code == NGHTTP2_PROTOCOL_ERROR);
  CHECK_FALSE(server.requests.at(0)->has_ended);
  CHECK(server.requests.at(0)->is_closed);
}

TEST_CASE("more and longer fields than allowed are reported or refused, never dropped",
          "[codec][h2]") {
  Server server;
  H2Client client;
  test::H2Fields fields = H2Client::get("/");
  for (int i = 0; i < 2000; ++i) fields.emplace_back("x-" + std::to_string(i), "value");
  client.request(fields);
  client.talk_to(server.session);
  REQUIRE(server.requests.size() == 1);
  const Request& request = *server.requests[0];
  const auto lines = std::count(request.fields.begin(), request.fields.end(), '\n');
  CHECK((lines == 2004 || !request.has_head));
}

TEST_CASE("trailers of a request end it and are otherwise ignored", "[codec][h2]") {
  Server server;
  H2Client client;
  client.trailers_after_content({{"x-sum", "1"}});
  client.request(H2Client::with_method("POST"), "content");
  REQUIRE(client.talk_to(server.session));
  const Request& request = *server.requests.at(0);
  CHECK(request.content == "content");
  CHECK(request.fields.find("x-sum") == std::string::npos);
  CHECK(request.has_ended);
}

TEST_CASE("bytes that are not HTTP/2 end the connection", "[codec][h2]") {
  Server server;
  CHECK(server.session.receive("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").has_error());
}

TEST_CASE("RFC 9113, 5.1.2: streams beyond the limit are refused", "[codec][h2]") {
  Server server({.max_streams = 3});
  H2Client client;
  std::string preface = client.output();
  REQUIRE(server.session.receive(preface).has_value()); // the client has not seen the limit yet
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(client.request(H2Client::get("/")));
  REQUIRE(client.talk_to(server.session));
  CHECK(server.requests.size() == 3);
  CHECK(client.answer(ids[4]).error_code == NGHTTP2_REFUSED_STREAM);
}

TEST_CASE("what does not fit is kept for the next block", "[codec][h2]") {
  Server server;
  server.on_head = [&](Request& request) { server.answer(request, "x"); };
  H2Client client;
  const auto id = client.request(H2Client::get("/"));
  REQUIRE(server.session.receive(client.output()).has_value());
  std::string small(16400, '\0');
  std::string said;
  while (true) { // heads a byte at a time, content when there is room for a frame
    const std::size_t room = said.size() < 20 ? 1 : small.size();
    const std::size_t n = server.session.send(std::span(small).first(room));
    if (n == 0) break;
    said.append(small, 0, n);
    if (said.size() < 20) CHECK(server.session.has_pending_output());
  }
  REQUIRE(client.input(said));
  CHECK(client.answer(id).content == "x");
}
