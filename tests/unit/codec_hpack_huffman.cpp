#include <src/codec/hpack_huffman.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/hpack_decoder.hpp>

#include <string>

using namespace selvedge;

namespace {

// In hexadecimal; "plain" if the code is not shorter than the text.
std::string coded(std::string_view text) {
  std::string bytes(text.size(), '\0');
  const char* const end = codec::hpack::encode_huffman(bytes.data(), text);
  if (end == nullptr) return "plain";
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
  std::string digits;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    digits += kDigits[static_cast<unsigned char>(c) >> 4];
    digits += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return digits;
}

} // namespace

TEST_CASE("RFC 7541, C.4 and C.6: the strings of the examples", "[codec][hpack]") {
  CHECK(coded("www.example.com") == "f1e3c2e5f23a6ba0ab90f4ff");
  CHECK(coded("no-cache") == "a8eb10649cbf");
  CHECK(coded("custom-key") == "25a849e95ba97d7f");
  CHECK(coded("custom-value") == "25a849e95bb8e8b4bf");
  CHECK(coded("302") == "6402");
  CHECK(coded("private") == "aec3771a4b");
  CHECK(coded("Mon, 21 Oct 2013 20:13:21 GMT") == "d07abe941054d444a8200595040b8166e082a62d1bff");
  CHECK(coded("Mon, 21 Oct 2013 20:13:22 GMT") == "d07abe941054d444a8200595040b8166e084a62d1bff");
  CHECK(coded("https://www.example.com") == "9d29ad171863c78f0b97c8e9ae82ae43d3");
  CHECK(coded("gzip") == "9bd9ab");
  CHECK(
      coded("foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1") ==
      "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007");
}

TEST_CASE("a text whose code is not shorter stays as it is", "[codec][hpack]") {
  CHECK(coded("") == "plain");
  CHECK(coded("a") == "plain");   // 5 bits, so a byte with padding
  CHECK(coded("307") == "plain"); // 17 bits
  CHECK(coded("XXXX") == "plain");
  CHECK(coded("\x01\x01\x01\x01\x01\x01") == "plain");
  CHECK(coded(std::string(1000, '\xff')) == "plain");
}

TEST_CASE("every symbol's code is the one that nghttp2 reads", "[codec][hpack]") {
  for (int symbol = 0; symbol < 256; ++symbol) {
    for (const unsigned shift : {0u, 1u, 2u, 3u}) { // in pairs before and behind, at other bits
      const std::string text = std::string(20 + shift, 'a') + static_cast<char>(symbol) +
                               static_cast<char>(symbol) + std::string(20, 'e');
      std::string code(text.size(), '\0');
      const char* const end = codec::hpack::encode_huffman(code.data(), text);
      REQUIRE(end != nullptr);
      code.resize(static_cast<std::size_t>(end - code.data()));
      // RFC 7541, 6.2.2, with an index for the name: 15 + 19 is "etag".
      const std::string block =
          "\x0f\x13" + std::string(1, static_cast<char>(0x80 | code.size())) + code;
      const auto fields = test::HpackDecoder().read(block);
      CAPTURE(symbol, shift);
      REQUIRE(fields);
      REQUIRE(fields->size() == 1);
      CHECK(fields->front() == test::DecodedField{"etag", text});
    }
  }
}
