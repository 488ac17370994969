// Content coded and decoded at once, in pieces of any size.
#pragma once

#include <selvedge/coding/decoder.hpp>
#include <selvedge/coding/encoder.hpp>

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

} // namespace selvedge::test
