// The life of an HTTP/2 connection to a server: how many streams it takes, and how it ends.
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_upstream.hpp>

using namespace selvedge;
using base::ErrorCode;
using base::Retry;
using test::Fetch;
using test::H2Upstream;
using test::kOk;
using Limit = nghttp2_settings_entry;

TEST_CASE("h2: what a server is told first", "[upstream][h2]") {
  H2Upstream upstream;
  const auto& settings = upstream.origin.settings();
  CHECK(settings.at(NGHTTP2_SETTINGS_ENABLE_PUSH) == 0);
  CHECK(settings.at(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) == 256 * 1024);
  CHECK(settings.at(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE) == upstream.options.head_bytes);
  CHECK(nghttp2_session_get_remote_window_size(upstream.origin.session()) == 1024 * 1024);
  CHECK(upstream.connection->has_room());
}

TEST_CASE("h2: a thousand fetches on one connection, many at once", "[upstream][h2]") {
  H2Upstream upstream;
  std::vector<Fetch*> open;
  for (int i = 0; i < 1000; ++i) {
    open.push_back(&upstream.start());
    if (open.size() < 50) continue;
    std::int32_t id = upstream.origin.last() - 2 * 49;
    for (Fetch* fetch : open) {
      const std::string content = std::to_string(id) + std::string(1000, 'x');
      upstream.origin.respond(id, kOk, content);
      upstream.run();
      upstream.read_all(*fetch);
      REQUIRE(fetch->is_complete);
      REQUIRE(fetch->text == content);
      fetch->result.reset();
      id += 2;
    }
    open.clear();
  }
  CHECK(upstream.origin.streams() == 1000);
  CHECK(upstream.connection->streams() == 0);
  CHECK(upstream.connection->has_room());
  CHECK(upstream.counters.bytes_read.value() > 1'000'000);
}

TEST_CASE("RFC 9113, 5.1.2: no more streams than the server allows", "[upstream][h2]") {
  H2Upstream upstream({Limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  Fetch& first = upstream.start();
  CHECK(upstream.connection->has_room());
  upstream.start();
  CHECK_FALSE(upstream.connection->has_room());
  const Fetch& third = upstream.start();
  CHECK(third.error().code == ErrorCode::overloaded);
  CHECK(third.error().retry == Retry::yes);
  CHECK(upstream.origin.streams() == 2);

  const std::size_t changes = upstream.changes;
  SECTION("a stream that ends makes room") {
    upstream.origin.respond(1, kOk, "x");
    upstream.run();
  }
  SECTION("a fetch that is given up makes room") {
    first.cancellation.cancel();
    upstream.run();
  }
  SECTION("the server may allow more") {
    const Limit more{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3};
    nghttp2_submit_settings(upstream.origin.session(), NGHTTP2_FLAG_NONE, &more, 1);
    upstream.run();
  }
  CHECK(upstream.changes > changes);
  CHECK(upstream.connection->has_room());
  CHECK(upstream.still_works());
}

TEST_CASE("h2: no more streams than are of use", "[upstream][h2]") {
  H2Upstream upstream;
  for (std::size_t i = 0; i < upstream::H2ServerConnection::kStreams; ++i) {
    REQUIRE(upstream.connection->has_room());
    upstream.start();
  }
  CHECK_FALSE(upstream.connection->has_room());
}

TEST_CASE("RFC 9113, 6.8: after GOAWAY streams below its id go on, others may be tried again",
          "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& first = upstream.start();
  const Fetch& second = upstream.start();
  const std::size_t changes = upstream.changes;
  upstream.origin.go_away(1);
  upstream.run();
  CHECK(second.error().code == ErrorCode::closed);
  CHECK(second.error().retry == Retry::yes);
  CHECK_FALSE(upstream.connection->has_room());
  CHECK_FALSE(upstream.connection->is_usable());
  CHECK(upstream.changes > changes);
  const Fetch& third = upstream.start();
  CHECK(third.error().retry == Retry::yes);
  CHECK_FALSE(upstream.wire->node_closed);

  upstream.origin.respond(1, kOk, "whole");
  upstream.run();
  CHECK(upstream.wire->node_closed);
  upstream.read_all(first);
  CHECK(first.text == "whole");
  CHECK(first.is_complete);
}

TEST_CASE("h2: a notice of shutdown leaves the streams alone", "[upstream][h2]") {
  H2Upstream upstream;
  const Fetch& fetch = upstream.start();
  nghttp2_submit_shutdown_notice(upstream.origin.session());
  upstream.run();
  CHECK_FALSE(upstream.connection->is_usable());
  CHECK_FALSE(fetch.result);
  upstream.origin.respond(1, kOk, "whole");
  upstream.run();
  CHECK_FALSE(fetch.has_failed());
}

TEST_CASE("h2: a lost connection, and which fetch may be tried again", "[upstream][h2]") {
  H2Upstream upstream;
  SECTION("the first on it: the server may have acted on it") {
    const Fetch& fetch = upstream.start();
    upstream.cut();
    CHECK(fetch.error() == base::Error{ErrorCode::closed, base::ErrorSource::upstream});
  }
  SECTION("a later one: the server may have closed it before") {
    REQUIRE(upstream.still_works());
    const Fetch& fetch = upstream.start();
    upstream.cut();
    CHECK(fetch.error().code == ErrorCode::closed);
    CHECK(fetch.error().retry == Retry::if_reused);
  }
  SECTION("a later one whose answer has begun") {
    REQUIRE(upstream.still_works());
    const Fetch& fetch = upstream.start();
    upstream.origin.inform(3, {{":status", "103"}});
    upstream.run();
    upstream.cut();
    CHECK(fetch.error() == base::Error{ErrorCode::closed, base::ErrorSource::upstream});
  }
  SECTION("one that was not sent") {
    upstream.wire->room = 0;
    Fetch& waiting = upstream.start(); // blocks the output
    Fetch& behind = upstream.start();
    upstream.cut();
    CHECK(waiting.error().retry == Retry::never);
    CHECK(behind.error().retry == Retry::yes);
  }
  CHECK_FALSE(upstream.connection->is_usable());
  CHECK(upstream.connection->streams() == 0);
}

TEST_CASE("h2: a transport that is full is written to later, in order", "[upstream][h2]") {
  H2Upstream upstream;
  upstream.wire->room = 5;
  Fetch& first = upstream.start();
  Fetch& dropped = upstream.start();
  CHECK(upstream.origin.streams() == 0);
  dropped.cancellation.cancel(); // before anything of it went out
  upstream.run();
  CHECK(dropped.error().code == ErrorCode::cancelled);
  for (int i = 0; i < 100; ++i) {
    upstream.wire->room = 7;
    test::MemoryTransport::poke(upstream.worker, upstream.wire);
    upstream.run();
  }
  upstream.wire->room = std::string::npos;
  upstream.run();
  CHECK(upstream.origin.streams() == 1);
  upstream.origin.respond(1, kOk, "in order");
  upstream.run();
  upstream.read_all(first);
  CHECK(first.text == "in order");
  CHECK(upstream.still_works());
}

TEST_CASE("h2: servers that break the rules lose the connection", "[upstream][h2]") {
  H2Upstream upstream;
  const Fetch& fetch = upstream.start();
  const std::size_t changes = upstream.changes;
  namespace h2 = test::h2;
  SECTION("it speaks something else") {
    upstream.write_raw("HTTP/1.1 400 Bad Request\r\n\r\n");
  }
  SECTION("it pushes") {
    upstream.write_raw(h2::frame(5, h2::kEndHeaders, 1, h2::number(4, 2)));
  }
  SECTION("a flood of PINGs") {
    std::string flood;
    for (int i = 0; i < 2000; ++i) flood += h2::ping();
    upstream.write_raw(flood);
  }
  SECTION("a flood of SETTINGS") {
    std::string flood;
    for (int i = 0; i < 2000; ++i) flood += h2::settings();
    upstream.write_raw(flood);
  }
  SECTION("SETTINGS without end") {
    const std::vector<std::pair<unsigned, std::uint32_t>> many(100, {0x77, 1});
    upstream.write_raw(h2::settings(many));
  }
  SECTION("a head without end") {
    upstream.write_raw(h2::headers(1, h2::block({{":status", "200"}}), 0));
    for (int i = 0; i < 20; ++i) {
      upstream.write_raw(h2::continuation(1, h2::block({{"a", std::string(100, 'x')}}), 0));
    }
  }
  CHECK(fetch.error() == base::Error{ErrorCode::protocol, base::ErrorSource::upstream});
  CHECK(upstream.wire->node_closed);
  CHECK_FALSE(upstream.connection->is_usable());
  CHECK(upstream.changes > changes);
}

TEST_CASE("h2: a silent server is asked for a sign of life", "[upstream][h2]") {
  H2Upstream upstream;
  upstream.options.first_byte_timeout = std::chrono::minutes(10);
  SECTION("without streams it is left alone") {
    upstream.pass(std::chrono::seconds(60));
    CHECK(upstream.origin.pings() == 0);
    return;
  }
  const Fetch& fetch = upstream.start();
  SECTION("it answers") {
    upstream.pass(std::chrono::seconds(60));
    CHECK(upstream.origin.pings() >= 2);
    CHECK_FALSE(fetch.result);
    CHECK(upstream.connection->is_usable());
  }
  SECTION("it does not") {
    upstream.is_deaf = true;
    upstream.pass(std::chrono::seconds(35));
    CHECK(fetch.error() == base::Error{ErrorCode::timeout, base::ErrorSource::upstream});
    CHECK(upstream.wire->node_closed);
  }
}

TEST_CASE("h2: a connection that is closed says goodbye and ends its fetches", "[upstream][h2]") {
  H2Upstream upstream;
  const Fetch& fetch = upstream.start();
  const std::size_t changes = upstream.changes;
  upstream.connection->close();
  upstream.run();
  CHECK(upstream.origin.was_said_goodbye());
  CHECK(fetch.error() == base::Error{ErrorCode::closed, base::ErrorSource::upstream});
  CHECK(upstream.changes == changes); // who closes it knows
  CHECK_FALSE(upstream.connection->is_usable());
}

TEST_CASE("h2: who is told of a change may close the connection", "[upstream][h2]") {
  H2Upstream upstream;
  Fetch& first = upstream.start();
  const Fetch& second = upstream.start();
  upstream.connection->set_on_change([&] { upstream.connection->close(); });
  upstream.origin.respond(1, kOk, "whole");
  upstream.run();
  CHECK(second.error().code == ErrorCode::closed);
  upstream.read_all(first);
  CHECK(first.text == "whole");
  CHECK(first.is_complete);
}
