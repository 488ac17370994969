// Undoes a coding, piece by piece, within limits: what is coded may be small and its content huge.
// Thread: one at a time.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/coding/encoder.hpp>

namespace selvedge::coding {

// What errors of coded content are.
inline constexpr base::Error kBadCoding{base::ErrorCode::protocol, base::ErrorSource::upstream};
inline constexpr base::Error kTooLarge{base::ErrorCode::too_large, base::ErrorSource::upstream};

struct DecoderLimits {
  std::uint64_t content_bytes = 64u << 20; // of what comes out
  std::uint32_t window_bytes = 8u << 20;   // that a frame may ask to be kept (RFC 8878, RFC 9659)
};

class Decoder {
public:
  virtual ~Decoder() = default;
  // Takes some of `input` and writes some output; it is called again, with what was not used, while
  // it fills the output or input is left. Done: the coded content has ended; whatever follows is
  // not of it. Errors: protocol (not of that coding), too_large (a limit). Requires: `output` is
  // not empty.
  virtual base::Result<Step> step(std::string_view input, std::span<char> output) = 0;
  // Whether the content may end here: it is whole.
  virtual bool is_whole() const = 0;
};

// Null for identity and dcz, and where there is no memory for it.
std::unique_ptr<Decoder> make_decoder(ContentCoding coding, const DecoderLimits& limits);

} // namespace selvedge::coding
