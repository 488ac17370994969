// Content coded and decoded at once, in pieces of any size.
#pragma once

#include <selvedge/coding/decoder.hpp>
#include <selvedge/coding/encoder.hpp>

#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace selvedge::test {

inline constexpr std::size_t kAnyPiece = std::string::npos;

// In pieces of `piece` bytes, through an output of `room` bytes.
inline std::string coded(std::string_view content, coding::ContentCoding coding,
                         const coding::EncoderOptions& options = {}, std::size_t piece = kAnyPiece,
                         std::size_t room = 4096) {
  const auto encoder = coding::make_encoder(coding, options);
  if (!encoder) return {};
  std::string text;
  std::vector<char> out(room);
  for (bool is_done = false; !is_done;) {
    const std::string_view input = content.substr(0, piece);
    const bool is_last = input.size() == content.size();
    const auto what = is_last ? coding::EncoderStep::end : coding::EncoderStep::go_on;
    const coding::Step step = encoder->step(input, what, out);
    content.remove_prefix(step.used);
    text.append(out.data(), step.written);
    is_done = step.is_done;
  }
  return text;
}

struct Decoded {
  std::string content;
  std::string_view left; // of the input, behind the end
  bool is_whole = false;
};

inline std::optional<Decoded> decoded(std::string_view text, coding::ContentCoding coding,
                                      const coding::DecoderLimits& limits = {},
                                      std::size_t piece = kAnyPiece, std::size_t room = 4096,
                                      base::ErrorCode* error = nullptr) {
  const auto decoder = coding::make_decoder(coding, limits);
  Decoded result;
  std::vector<char> out(room);
  for (;;) {
    const std::string_view input = text.substr(0, piece);
    const auto step = decoder->step(input, out);
    if (!step) {
      if (error != nullptr) *error = step.error().code;
      return std::nullopt;
    }
    text.remove_prefix(step->used);
    result.content.append(out.data(), step->written);
    if (step->used == 0 && step->written == 0) break;
  }
  result.left = text;
  result.is_whole = decoder->is_whole();
  return result;
}

// As a client does it that has the dictionary (RFC 9842, 5); nothing where it cannot be done, or
// needs another.
inline std::optional<std::string> decoded_by(std::string_view dictionary,
                                             const std::array<unsigned char, 32>& digest,
                                             std::string_view text) {
  constexpr std::string_view kMagic("\x5e\x2a\x4d\x18\x20\0\0\0", 8);
  const std::string_view its(reinterpret_cast<const char*>(digest.data()), digest.size());
  if (!text.starts_with(kMagic) || text.substr(kMagic.size(), its.size()) != its) return {};
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  const std::size_t most = std::max<std::size_t>(8u << 20, dictionary.size() * 5 / 4);
  int bits = 10;
  while ((std::size_t{2} << bits) <= most) ++bits;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, bits);
  ZSTD_DCtx_refPrefix(context.get(), dictionary.data(), dictionary.size());
  std::string content;
  std::array<char, 4096> out;
  ZSTD_inBuffer in{text.data(), text.size(), kMagic.size() + its.size()};
  for (std::size_t left = 1; left != 0;) {
    ZSTD_outBuffer piece{out.data(), out.size(), 0};
    const std::size_t before = in.pos;
    left = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(left) != 0) return {};
    content.append(out.data(), piece.pos);
    if (left != 0 && in.pos == before && piece.pos == 0) return {}; // cut off
  }
  if (in.pos != in.size) return {};
  return content;
}

} // namespace selvedge::test
