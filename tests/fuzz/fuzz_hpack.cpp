// Whatever fields a head has and whatever the peer says about its table: nghttp2 reads the block
// that was written as those fields.
#include <tests/fuzz/fuzz.hpp>
#include <tests/support/hpack_block.hpp>
#include <tests/support/hpack_decoder.hpp>

#include <vector>

using namespace selvedge;

namespace {

struct Connection {
  codec::hpack::Encoder encoder;
  test::HpackDecoder decoder;

  void send(http::Status status, const std::vector<http::Field>& fields) {
    const auto read = decoder.read(test::write_block(encoder, status, fields));
    fuzz::require(read.has_value(), "the block is well-formed");
    fuzz::require(read->size() == fields.size() + 1, "every field is there");
    for (std::size_t i = 0; i < fields.size(); ++i) {
      fuzz::require((*read)[i + 1].name == fields[i].name, "the name is the same");
      fuzz::require((*read)[i + 1].value == fields[i].value, "the value is the same");
    }
    fuzz::require(decoder.table_bytes() <= codec::hpack::kTableBytes, "the table is ours");
  }
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Connection connection;
  std::vector<http::Field> fields;
  while (!input.rest().empty()) {
    const std::size_t choice = input.number();
    if (choice % 8 == 0) {
      connection.send(static_cast<http::Status>(100 + choice / 8 % 500), fields);
      fields.clear();
    } else if (choice % 64 == 1) {
      connection.encoder.forget();
    } else if (choice % 64 == 2) {
      const auto limit = static_cast<std::uint32_t>(input.number());
      connection.encoder.set_peer_limit(limit);
      connection.decoder.set_limit(limit);
    } else {
      const std::string_view name = input.line();
      const http::FieldName id = http::field_name_of(name);
      const bool is_known =
          id != http::FieldName::unknown; // then in lower case, as the rest is not
      fields.push_back({id, is_known ? http::text_of(id) : name, input.line()});
    }
  }
  connection.send(200, fields);
  return 0;
}
