// Random heads, limits of the peer and forgotten tables, written by the node and read by nghttp2.
#include <selvedge/codec/hpack.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/hpack_block.hpp>
#include <tests/support/hpack_decoder.hpp>
#include <tests/support/random_exchange.hpp>

#include <deque>
#include <string>
#include <vector>

using namespace selvedge;
using http::Field;
using http::FieldName;
using test::Random;

namespace {

bool is_secret(std::string_view name) {
  return name == "set-cookie" || name == "authorization";
}

std::string some_name(Random& random) {
  constexpr std::string_view kNames[] = {"content-type",  "cache-control",
                                         "etag",          "date",
                                         "age",           "set-cookie",
                                         "vary",          "via",
                                         "cache-status",  "link",
                                         "authorization", "content-disposition",
                                         "x-a",           "x-b"};
  if (!random.once_in(5)) return std::string(random.one_of(kNames));
  // Many, so that they share places in the index.
  return "x-" + std::to_string(random.below(random.once_in(2) ? 500 : 5));
}

std::string some_value(Random& random) {
  // Few, so that they come again, or many.
  const std::size_t kinds = random.once_in(3) ? 100000 : 4;
  std::string value = std::to_string(random.below(kinds));
  if (random.once_in(4)) value += std::string(random.below(60), 'a');
  if (random.once_in(30)) value += std::string(random.below(3000), 'v');
  if (random.once_in(10)) value += static_cast<char>(random.below(256));
  if (random.once_in(20)) value.clear();
  return value;
}

struct Head {
  std::deque<std::string> texts;
  std::vector<Field> fields;
};
Head some_head(Random& random) {
  Head head;
  for (std::size_t left = random.below(12); left > 0; --left) {
    const std::string& name = head.texts.emplace_back(some_name(random));
    const std::string& value = head.texts.emplace_back(some_value(random));
    head.fields.push_back({http::field_name_of(name), name, value});
  }
  return head;
}

struct Connection {
  codec::hpack::Encoder encoder;
  test::HpackDecoder decoder;
  std::uint32_t limit = 4096;

  void change(Random& random) {
    if (random.once_in(20)) encoder.forget();
    while (random.once_in(15)) {
      constexpr std::uint32_t kLimits[] = {0, 31, 32, 60, 100, 1000, 1024, 4095, 4096, 5000, 65536};
      limit = random.one_of(kLimits);
      encoder.set_peer_limit(limit);
      decoder.set_limit(limit);
    }
  }
  void send(Random& random) {
    constexpr http::Status kStatuses[] = {200, 200, 304, 404, 301, 503, 599};
    const http::Status status = random.one_of(kStatuses);
    const Head head = some_head(random);
    const std::string block = test::write_block(encoder, status, head.fields);
    const auto read = decoder.read(block);
    REQUIRE(read);
    REQUIRE(read->size() == head.fields.size() + 1);
    REQUIRE(read->front().value == std::to_string(status));
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
      const Field& sent = head.fields[i];
      REQUIRE((*read)[i + 1] == test::DecodedField{std::string(sent.name), std::string(sent.value),
                                                   is_secret(sent.name)});
    }
  }
};

} // namespace

TEST_CASE("RFC 7541: nghttp2 reads what was written, whatever came before", "[codec][hpack]") {
  std::size_t fullest = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Connection connection;
    for (int block = 0; block < 200; ++block) {
      CAPTURE(block);
      connection.change(random);
      connection.send(random);
      const std::size_t bytes = connection.decoder.table_bytes();
      REQUIRE(bytes <= std::min(connection.limit, codec::hpack::kTableBytes));
      fullest = std::max(fullest, bytes);
    }
    for (const test::DecodedField& entry : connection.decoder.table()) {
      CHECK_FALSE(is_secret(entry.name));
    }
  }
  CHECK(fullest > 4000); // tables were filled, so entries were evicted
}

TEST_CASE("a full index loses bytes, never a field", "[codec][hpack]") {
  // As many short entries as a table has room for, over and over: buckets of the index overflow.
  Connection connection;
  std::size_t most = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 110; ++i) {
      const std::string value = std::to_string(i);
      const Field one{FieldName::via, "via", value};
      const auto read =
          connection.decoder.read(test::write_block(connection.encoder, 200, {&one, 1}));
      REQUIRE(read);
      REQUIRE(read->back().value == value);
    }
    most = std::max(most, connection.decoder.table().size());
  }
  CHECK(most > 100);
}
