#include "hpack_huffman.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace selvedge::codec::hpack {

namespace {

// Bits of each symbol's code; the last is EOS.
constexpr std::array<std::uint8_t, 257> kBits = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  // space to /
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, // 0 to ?
    13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  // @ to O
    7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,  // P to _
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  // ` to o
    6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, // p to DEL
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30};

struct Code {
  std::uint32_t code;
  std::uint32_t bits;
};

// The code is canonical: in the order of the bits, then of the symbols, each code is the one before
// plus one. So the lengths say all that Appendix B says.
constexpr std::array<Code, 257> make_codes() {
  std::array<Code, 257> codes{};
  std::uint32_t next = 0;
  for (std::uint32_t bits = 1; bits <= 30; ++bits) {
    next <<= 1;
    for (std::size_t symbol = 0; symbol < kBits.size(); ++symbol) {
      if (kBits[symbol] == bits) codes[symbol] = {next++, bits};
    }
  }
  return codes;
}

constexpr std::array<Code, 257> kCodes = make_codes();
static_assert(kCodes[256].code == 0x3fffffff, "EOS is all ones, so the code is complete");
static_assert(kCodes['a'].code == 0x3 && kCodes['Z'].code == 0xfd && kCodes[255].code == 0x3ffffee);

constexpr unsigned kWordBits = 32;

char* put_word(char* to, std::uint32_t word) {
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap32(word);
  std::memcpy(to, &word, sizeof word);
  return to + sizeof word;
}

// Takes codes of at most kWordBits bits together.
class Writer {
public:
  Writer(char* to, std::size_t room) : to_(to), end_(to + room) {}

  // False if there is no room.
  bool put(Code code) {
    pending_ = pending_ << code.bits | code.code;
    bits_ += code.bits;
    if (bits_ < kWordBits) return true;
    if (end_ - to_ < static_cast<std::ptrdiff_t>(sizeof(std::uint32_t))) return false;
    bits_ -= kWordBits;
    to_ = put_word(to_, static_cast<std::uint32_t>(pending_ >> bits_));
    return true;
  }

  // Null if that fills the room or more.
  char* finish() {
    const std::size_t size = (bits_ + 7) / 8;
    const auto room = static_cast<std::size_t>(end_ - to_);
    if (size >= room) return nullptr;
    constexpr std::uint64_t kPadding = 0xffffffff; // the start of EOS
    const auto word = static_cast<std::uint32_t>((pending_ << kWordBits | kPadding) >> bits_);
    char last[sizeof word];
    put_word(last, word);
    std::memcpy(to_, last, room < sizeof last ? size : sizeof last);
    return to_ + size;
  }

private:
  char* to_;
  char* const end_;
  std::uint64_t pending_ = 0; // its lowest bits_ bits are to be written: fewer than kWordBits
  unsigned bits_ = 0;
};

Code code_of(char c) {
  return kCodes[static_cast<unsigned char>(c)];
}

} // namespace

char* encode_huffman(char* to, std::string_view text) {
  Writer writer(to, text.size());
  std::size_t at = 0;
  for (; at + 1 < text.size(); at += 2) {
    const Code first = code_of(text[at]);
    const Code second = code_of(text[at + 1]);
    const unsigned bits = first.bits + second.bits;
    if (bits <= kWordBits) {
      if (!writer.put({first.code << second.bits | second.code, bits})) return nullptr;
    } else if (!writer.put(first) || !writer.put(second)) {
      return nullptr;
    }
  }
  if (at < text.size() && !writer.put(code_of(text[at]))) return nullptr;
  return writer.finish();
}

} // namespace selvedge::codec::hpack
