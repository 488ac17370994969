// Whatever comes, decoders end, within their limits, and say the same however it is cut; what is
// coded here is decoded to what it was.
#include <tests/fuzz/fuzz.hpp>
#include <tests/support/coded.hpp>

using namespace selvedge;
using coding::ContentCoding;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t choice = input.number();
  const std::size_t piece = 1 + input.number() % 300;
  const std::string_view bytes = input.rest();
  constexpr ContentCoding kAll[] = {ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd};
  const ContentCoding coding = kAll[choice % 3];
  coding::DecoderLimits limits;
  limits.content_bytes = 1u << 16;
  const auto at_once = test::decoded(bytes, coding, limits);
  const auto in_pieces = test::decoded(bytes, coding, limits, piece, 1 + piece / 2);
  if (at_once && at_once->is_whole) {
    fuzz::require(in_pieces.has_value() && in_pieces->content == at_once->content,
                  "pieces say the same");
  }
  if (at_once) fuzz::require(at_once->content.size() <= limits.content_bytes, "the limit is kept");

  coding::EncoderOptions options;
  options.level = static_cast<int>(choice / 3 % 6);
  if (choice & 0x8000) options.length = bytes.size();
  const std::string text = test::coded(bytes, coding, options, piece, 1 + piece / 2);
  const auto back = test::decoded(text, coding, {}, piece);
  fuzz::require(back && back->is_whole && back->content == bytes, "a round trip");

  // Against a dictionary, which may be of any likeness; and what comes instead of the difference.
  const std::string_view dictionary = bytes.substr(0, 1 + choice % 509);
  if (dictionary.empty()) return 0;
  options.dictionary = dictionary;
  const std::string difference =
      test::coded(bytes, ContentCoding::dcz, options, piece, 1 + piece / 2);
  const auto whole = test::decoded_by(dictionary, {}, difference);
  fuzz::require(whole && *whole == bytes, "a round trip by a dictionary");
  const auto cut = test::decoded_by(
      dictionary, {}, std::string_view(difference).substr(0, piece % difference.size()));
  fuzz::require(!cut, "a difference that is cut off is none");
  return 0;
}
