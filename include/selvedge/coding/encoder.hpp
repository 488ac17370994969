// Makes coded content of content, piece by piece.
// Thread: one at a time.
#pragma once

#include <selvedge/coding/content_coding.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace selvedge::coding {

// What a step of an encoder or a decoder did.
struct Step {
  std::size_t used = 0;    // bytes of the input
  std::size_t written = 0; // into the output
  bool is_done = false;    // everything that was asked for was written
};

enum class EncoderStep : std::uint8_t {
  go_on, // more follows
  flush, // so that what was taken so far can be decoded; done when it is
  end,   // nothing follows; done when all is written
};

struct EncoderOptions {
  int level = 0;                       // of the coding's own scale; it is put within its bounds
  std::optional<std::uint64_t> length; // of the content, where it is known
  // Of dcz: content that the client has, and its SHA-256. It outlives the encoder.
  std::string_view dictionary{};
  std::span<const unsigned char, 32> dictionary_digest{kNoDigest};

  static constexpr std::array<unsigned char, 32> kNoDigest{};
};

class Encoder {
public:
  virtual ~Encoder() = default;
  // Takes some of `input` and writes some output. To flush and to end it is called again, with what
  // was not used, until it is done. Requires: `output` is not empty.
  virtual Step step(std::string_view input, EncoderStep what, std::span<char> output) = 0;
};

// Null for identity, and where there is no memory for it.
std::unique_ptr<Encoder> make_encoder(ContentCoding coding, const EncoderOptions& options);

// The levels that a coding has.
struct LevelBounds {
  int least = 0;
  int most = 0;
};
LevelBounds level_bounds(ContentCoding coding);

} // namespace selvedge::coding
