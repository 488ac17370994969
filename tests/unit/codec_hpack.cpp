#include <selvedge/codec/hpack.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/hpack_block.hpp>
#include <tests/support/hpack_decoder.hpp>

#include <string>
#include <vector>

using namespace selvedge;
using http::Field;
using http::FieldName;
using test::DecodedField;

namespace {

Field field(std::string_view name, std::string_view value) {
  return {http::field_name_of(name), name, value};
}

// An encoder and the reader at the other end of its connection.
struct Connection {
  codec::hpack::Encoder encoder;
  test::HpackDecoder decoder;

  // The bytes of a block that reads as it should.
  std::string send(std::span<const Field> fields, http::Status status = 200) {
    const std::string block = test::write_block(encoder, status, fields);
    const auto read = decoder.read(block);
    REQUIRE(read);
    REQUIRE(read->size() == fields.size() + 1);
    CHECK(read->front() == DecodedField{":status", std::to_string(status)});
    for (std::size_t i = 0; i < fields.size(); ++i) {
      CHECK((*read)[i + 1].name == fields[i].name);
      CHECK((*read)[i + 1].value == fields[i].value);
    }
    last = *read;
    return block;
  }
  std::string send(std::initializer_list<Field> fields, http::Status status = 200) {
    return send(std::span(fields.begin(), fields.size()), status);
  }
  void set_limit(std::uint32_t bytes) {
    encoder.set_peer_limit(bytes);
    decoder.set_limit(bytes);
  }

  std::vector<DecodedField> last;
};

constexpr std::size_t kStatusBytes = 1; // of a status in the static table

} // namespace

TEST_CASE("RFC 7541, C.6.1: the fields that enter the table", "[codec][hpack]") {
  Connection connection;
  CHECK(connection.send({field("cache-control", "private")}, 302) ==
        "\x48\x82\x64\x02\x58\x85\xae\xc3\x77\x1a\x4b");
  CHECK(connection.decoder.table() ==
        std::vector<DecodedField>{{"cache-control", "private"}, {":status", "302"}});
  CHECK(connection.send({field("cache-control", "private")}, 302) == "\xbf\xbe");
}

TEST_CASE("statuses of the static table are one byte", "[codec][hpack]") {
  const auto [status, byte] = GENERATE(table<int, char>({{200, '\x88'},
                                                         {204, '\x89'},
                                                         {206, '\x8a'},
                                                         {304, '\x8b'},
                                                         {400, '\x8c'},
                                                         {404, '\x8d'},
                                                         {500, '\x8e'}}));
  Connection connection;
  CHECK(connection.send({}, static_cast<http::Status>(status)) == std::string(1, byte));
}

TEST_CASE("a head that is sent again is a byte a field", "[codec][hpack]") {
  const std::initializer_list<Field> head = {
      field("content-type", "text/html; charset=utf-8"),
      field("etag", "\"33a64df551425fcc\""),
      field("last-modified", "Mon, 21 Oct 2013 20:13:21 GMT"),
      field("x-frame-options", "DENY"),
      field("cache-status", "Selvedge; hit; ttl=3000"),
      field("age", "12")};
  Connection connection;
  connection.send(head);
  connection.send(head); // what differs by object enters now
  CHECK(connection.send(head).size() == kStatusBytes + head.size());
}

TEST_CASE("what differs by object or by time stays out of the table", "[codec][hpack]") {
  const std::string name =
      GENERATE("age", "content-length", "content-location", "content-range", "date", "etag",
               "expires", "last-modified", "location", "retry-after");
  Connection connection;
  for (int i = 100; i < 120; ++i) connection.send({field(name, std::to_string(i))});
  CHECK(connection.decoder.table().empty());
}

TEST_CASE("a name without static index enters once, so that it has one", "[codec][hpack]") {
  const std::string name = GENERATE("cache-status", "server-timing", "repr-digest", "x-request-id");
  Connection connection;
  const std::size_t first = connection.send({field(name, "100")}).size();
  for (int i = 101; i < 120; ++i) {
    const std::size_t next = connection.send({field(name, std::to_string(i))}).size();
    CHECK(next + name.size() / 2 < first);
  }
  CHECK(connection.decoder.table() == std::vector<DecodedField>{{name, "100"}});
}

TEST_CASE("RFC 7541, 7.1.3: secrets are never indexed", "[codec][hpack]") {
  const std::string name = GENERATE("set-cookie", "cookie", "authorization", "proxy-authorization",
                                    "proxy-authentication-info");
  Connection connection;
  for (int i = 0; i < 3; ++i) {
    connection.send({field(name, "token=31d4d96e407aad42"), field("server", "s")});
    CHECK(connection.last[1].is_never_indexed);
    CHECK_FALSE(connection.last[2].is_never_indexed);
  }
  CHECK(connection.decoder.table() == std::vector<DecodedField>{{"server", "s"}});
}

TEST_CASE("a field that takes more than half of the table does not enter it", "[codec][hpack]") {
  Connection connection;
  const std::string fits(2048 - 32 - 6, 'v');
  const std::string too_long = fits + 'v';
  connection.send({field("server", too_long)});
  CHECK(connection.decoder.table().empty());
  connection.send({field("server", fits)});
  CHECK(connection.decoder.table_bytes() == 2048);
}

TEST_CASE("values of any length are read as they were written", "[codec][hpack]") {
  // Around the sizes at which a length takes another byte, coded (5 bits an 'a') and plain.
  for (const char letter : {'a', 'X', '\xff'}) {
    Connection connection;
    for (const unsigned size : {0u, 1u, 2u, 126u, 127u, 128u, 129u, 200u, 203u, 204u, 205u, 253u,
                                254u, 255u, 256u, 20000u}) {
      const std::string value(size, letter);
      connection.send({field("etag", value), field("x-" + std::to_string(size), value)});
    }
  }
}

TEST_CASE("an empty value is a value", "[codec][hpack]") {
  Connection connection;
  const Field nothing{FieldName::server, "server", {}}; // a view without a place
  connection.send({nothing});
  CHECK(connection.send({nothing}) == "\x88\xbe");
}

TEST_CASE("RFC 7541, 4.4: the oldest entries go first", "[codec][hpack]") {
  Connection connection;
  constexpr int kFields = 200;
  const auto value = [](int i) { return "value-" + std::to_string(100 + i); };
  for (int i = 0; i < kFields; ++i) {
    connection.send({field("server", value(i))});
    const auto table = connection.decoder.table();
    const auto entries = static_cast<int>(table.size());
    REQUIRE(entries == std::min(i + 1, 4096 / (32 + 6 + 9)));
    for (int age = 0; age < entries; ++age) {
      REQUIRE(table[static_cast<std::size_t>(age)].value == value(i - age));
    }
  }
  const auto table = connection.decoder.table();
  const std::string oldest = table.back().value;
  const std::string evicted = value(kFields - 1 - static_cast<int>(table.size()));
  CHECK(connection.send({field("server", oldest)}).size() <= kStatusBytes + 2);
  CHECK(connection.decoder.table() == table);
  CHECK(connection.send({field("server", evicted)}).size() > kStatusBytes + 2);
  CHECK(connection.decoder.table().front().value == evicted);
}

TEST_CASE("a table that grows keeps its entries", "[codec][hpack]") {
  // The peer grants little at first, so that texts go round the end of their ring before it grows.
  for (int sent = 1; sent < 60; ++sent) {
    Connection connection;
    connection.set_limit(1000);
    const std::string value(150, 'v');
    for (int i = 0; i < sent; ++i) connection.send({field("x-name", value + std::to_string(i))});
    for (int i = 0; i < sent; ++i) connection.send({field("server", value + std::to_string(i))});
    connection.send({field("etag", "sent once")});
    connection.set_limit(4096);
    const auto before = connection.decoder.table();
    for (int i = 0; i < 10; ++i) connection.send({field("via", value + std::to_string(i))});
    for (const DecodedField& entry : before) {
      const std::string block = connection.send({field(entry.name, entry.value)});
      REQUIRE(block.size() == kStatusBytes + 1);
    }
    connection.send({field("etag", "sent once")}); // not any more
    REQUIRE(connection.decoder.table().front().name == "etag");
  }
}

TEST_CASE("RFC 7541, 4.2: a smaller table is announced, and kept to", "[codec][hpack]") {
  Connection connection;
  connection.send({field("server", "one"), field("via", "2 edge"), field("vary", "accept")});
  connection.set_limit(100);
  CHECK(connection.send({}).substr(0, 2) == "\x3f\x45"); // 31 + 69
  CHECK(connection.decoder.table_limit() == 100);
  CHECK(connection.decoder.table().size() == 2);
  CHECK(connection.send({field("vary", "accept")}).size() == kStatusBytes + 1); // said once
}

TEST_CASE("RFC 7541, 4.2: the smallest and the last size are announced", "[codec][hpack]") {
  Connection connection;
  connection.send({field("server", "one")});
  connection.set_limit(0);
  connection.set_limit(100);
  connection.set_limit(4096);
  CHECK(connection.send({}) == "\x20\x3f\xe1\x1f\x88"); // 0, then 31 + 4065
  CHECK(connection.decoder.table().empty());
  connection.send({field("server", "one")});
  CHECK(connection.send({field("server", "one")}) == "\x88\xbe");
}

TEST_CASE("a peer that keeps no table is sent literals", "[codec][hpack]") {
  Connection connection;
  connection.set_limit(0);
  for (int i = 0; i < 3; ++i) connection.send({field("server", "one"), field("x-name", "x")}, 503);
  CHECK(connection.decoder.table().empty());
  CHECK(connection.encoder.allocated_bytes() == 0);
}

TEST_CASE("no more than 4096 bytes of a larger table are used", "[codec][hpack]") {
  Connection connection;
  connection.set_limit(1u << 20);
  CHECK(connection.send({}).size() == kStatusBytes); // what is used has not changed
  std::string value;
  for (int i = 0; i < 300; ++i) connection.send({field("server", value = std::to_string(i))});
  const std::size_t most = connection.encoder.allocated_bytes();
  CHECK(most < 4096 + 128 * 16 + 1024);
  // RFC 9113, 4.3.1: a reduction is answered, also one that changes nothing here.
  connection.set_limit(8192);
  CHECK(connection.send({}) == "\x3f\xe1\x1f\x88");
  CHECK(connection.decoder.table_bytes() <= 4096);
}

TEST_CASE("a table is made by the first field and freed on request", "[codec][hpack]") {
  Connection connection;
  CHECK(connection.encoder.allocated_bytes() == 0);
  connection.send({field("server", "one"), field("x-name", "x")});
  CHECK(connection.encoder.allocated_bytes() > 0);
  CHECK(connection.encoder.allocated_bytes() < 2500); // it grows with what is in it
  connection.encoder.forget();
  CHECK(connection.encoder.allocated_bytes() == 0);
  connection.send({});
  CHECK(connection.decoder.table().empty());
  connection.encoder.forget(); // nothing to forget
  CHECK(connection.send({}).size() == kStatusBytes);
  connection.send({field("server", "two"), field("server", "one")});
  CHECK(connection.send({field("server", "two")}) == "\x88\xbf");
}

TEST_CASE("Content-Length is a field like the others", "[codec][hpack]") {
  codec::hpack::Encoder encoder;
  test::HpackDecoder decoder;
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1024}, ~std::uint64_t{0}}) {
    char bytes[codec::hpack::Encoder::kContentLengthBound];
    const char* const end = encoder.content_length(bytes, length);
    REQUIRE(end <= std::end(bytes));
    const auto read = decoder.read({bytes, end});
    REQUIRE(read);
    CHECK(*read == std::vector<DecodedField>{{"content-length", std::to_string(length)}});
  }
}
