// zstd (RFC 8878, with the window of RFC 9659) and dcz (RFC 9842, 5), by libzstd.
#include "coders.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace selvedge::coding {

namespace {

constexpr int kWindowBits = 23; // RFC 9659: clients need not keep more than 8 MiB
// RFC 9842, 5: with a dictionary 8 MiB, or 1.25 times what that has, up to 128 MiB.
constexpr int kMostWindowBits = 27;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

bool is_good(std::size_t result) {
  return ZSTD_isError(result) == 0;
}

// A window over dictionary and content, so that all of the dictionary is in reach; a power of two
// within what clients must be able to keep.
int dictionary_window_bits(const EncoderOptions& options) {
  const std::uint64_t dictionary = options.dictionary.size();
  const std::uint64_t both = dictionary + options.length.value_or(dictionary);
  const std::uint64_t most =
      std::max<std::uint64_t>(1u << kWindowBits, dictionary + dictionary / 4);
  int bits = 10;
  while (bits < kMostWindowBits && (std::uint64_t{1} << bits) < both) ++bits;
  while (bits > 10 && (std::uint64_t{1} << bits) > most) --bits;
  return bits;
}

ZSTD_EndDirective operation_of(EncoderStep what) {
  if (what == EncoderStep::end) return ZSTD_e_end;
  return what == EncoderStep::flush ? ZSTD_e_flush : ZSTD_e_continue;
}

class ZstdEncoder final : public Encoder {
public:
  explicit ZstdEncoder(ZSTD_CCtx* context) : context_(context) {}

  bool begin(const EncoderOptions& options) {
    if (!set(ZSTD_c_compressionLevel, options.level)) return false;
    if (options.length && !is_good(ZSTD_CCtx_setPledgedSrcSize(context_.get(), *options.length))) {
      return false;
    }
    if (options.dictionary.empty()) return limit_window(options);
    // What the content shares with its dictionary lies anywhere in it.
    const bool is_set = set(ZSTD_c_windowLog, dictionary_window_bits(options)) &&
                        set(ZSTD_c_enableLongDistanceMatching, 1) && set(ZSTD_c_checksumFlag, 0);
    return is_set && is_good(ZSTD_CCtx_refPrefix(context_.get(), options.dictionary.data(),
                                                 options.dictionary.size()));
  }

  // The next output begins with this.
  void begin_with(std::span<const char> header) {
    std::copy(header.begin(), header.end(), header_.begin());
    header_left_ = header.size();
    header_size_ = header.size();
  }

  Step step(std::string_view input, EncoderStep what, std::span<char> output) override {
    if (header_left_ > 0) {
      const std::size_t size = std::min(header_left_, output.size());
      std::memcpy(output.data(), header_.data() + header_size_ - header_left_, size);
      header_left_ -= size;
      return {0, size, false};
    }
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, operation_of(what));
    return {in.pos, out.pos, what != EncoderStep::go_on && left == 0};
  }

private:
  bool set(ZSTD_cParameter parameter, int value) {
    return is_good(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  }
  // High levels would take more than clients must be able to keep.
  bool limit_window(const EncoderOptions& options) {
    constexpr int kHigh = 17;
    const bool is_large = !options.length || *options.length > (1u << kWindowBits);
    return options.level < kHigh || !is_large || set(ZSTD_c_windowLog, kWindowBits);
  }

  static constexpr std::size_t kHeaderBytes = 40;
  std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::array<char, kHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  std::size_t header_left_ = 0;
};

class ZstdDecoder final : public Decoder {
public:
  ZstdDecoder(ZSTD_DCtx* context, const DecoderLimits& limits)
      : context_(context), limit_(limits.content_bytes) {}

  bool begin(const DecoderLimits& limits) {
    int bits = 10;
    while ((std::uint64_t{1} << (bits + 1)) <= limits.window_bytes) ++bits;
    return is_good(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, bits));
  }

  // Frames that follow each other are one content (RFC 8878, 3.1).
  base::Result<Step> step(std::string_view input, std::span<char> output) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (!is_good(left)) return kBadCoding;
    // At the end of a frame it says 0; without input, a hint of what the next one needs.
    if (in.pos > 0 || out.pos > 0) is_at_end_ = left == 0;
    if (!limit_.take(out.pos)) return kTooLarge;
    return Step{in.pos, out.pos, false};
  }

  bool is_whole() const override { return is_at_end_; }

private:
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  OutputLimit limit_;
  bool is_at_end_ = false;
};

std::unique_ptr<ZstdEncoder> encoder_of(const EncoderOptions& options) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  if (context == nullptr) return nullptr;
  auto encoder = std::make_unique<ZstdEncoder>(context);
  if (!encoder->begin(options)) return nullptr;
  return encoder;
}

} // namespace

std::unique_ptr<Encoder> make_zstd_encoder(const EncoderOptions& options) {
  EncoderOptions plain = options;
  plain.dictionary = {};
  return encoder_of(plain);
}

// RFC 9842, 5: a skippable frame with the digest of the dictionary, then a frame of zstd.
std::unique_ptr<Encoder> make_dcz_encoder(const EncoderOptions& options) {
  constexpr std::array<unsigned char, 8> kMagic{0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0};
  if (options.dictionary.empty()) return nullptr;
  auto encoder = encoder_of(options);
  if (!encoder) return nullptr;
  std::array<char, 40> header;
  std::copy(kMagic.begin(), kMagic.end(), header.begin());
  std::copy(options.dictionary_digest.begin(), options.dictionary_digest.end(),
            header.begin() + kMagic.size());
  encoder->begin_with(header);
  return encoder;
}

std::unique_ptr<Decoder> make_zstd_decoder(const DecoderLimits& limits) {
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  if (context == nullptr) return nullptr;
  auto decoder = std::make_unique<ZstdDecoder>(context, limits);
  if (!decoder->begin(limits)) return nullptr;
  return decoder;
}

} // namespace selvedge::coding
