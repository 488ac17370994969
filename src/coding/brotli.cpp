// br (RFC 7932), by Google's brotli.
#include "coders.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <algorithm>

namespace selvedge::coding {

namespace {

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

struct FreeEncoder {
  void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
};
struct FreeDecoder {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

BrotliEncoderOperation operation_of(EncoderStep what) {
  if (what == EncoderStep::end) return BROTLI_OPERATION_FINISH;
  return what == EncoderStep::flush ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS;
}

class BrotliEncoder final : public Encoder {
public:
  explicit BrotliEncoder(BrotliEncoderState* state) : state_(state) {}

  bool begin(const EncoderOptions& options) {
    // Of the content's size: a window of the default 4 MiB takes its memory whatever it is used
    // for.
    constexpr std::uint32_t kLeast = 16;
    constexpr std::uint32_t kMost = 22;
    std::uint32_t bits = kLeast;
    while (bits < kMost && options.length.value_or(1u << kMost) > (1u << bits)) ++bits;
    const auto hint = std::min<std::uint64_t>(options.length.value_or(0), 1u << 30);
    return set(BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(options.level)) &&
           set(BROTLI_PARAM_LGWIN, bits) &&
           set(BROTLI_PARAM_SIZE_HINT, static_cast<std::uint32_t>(hint));
  }

  Step step(std::string_view input, EncoderStep what, std::span<char> output) override {
    const std::uint8_t* next_in = bytes_of(input);
    std::size_t in = input.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
    std::size_t out = output.size();
    // Fails for misuse only.
    BrotliEncoderCompressStream(state_.get(), operation_of(what), &in, &next_in, &out, &next_out,
                                nullptr);
    const bool is_flushed = what == EncoderStep::flush && in == 0 &&
                            BrotliEncoderHasMoreOutput(state_.get()) == BROTLI_FALSE;
    return {input.size() - in, output.size() - out,
            BrotliEncoderIsFinished(state_.get()) == BROTLI_TRUE || is_flushed};
  }

private:
  bool set(BrotliEncoderParameter parameter, std::uint32_t value) {
    return BrotliEncoderSetParameter(state_.get(), parameter, value) == BROTLI_TRUE;
  }

  std::unique_ptr<BrotliEncoderState, FreeEncoder> state_;
};

class BrotliDecoder final : public Decoder {
public:
  BrotliDecoder(BrotliDecoderState* state, const DecoderLimits& limits)
      : state_(state), limit_(limits.content_bytes) {}

  base::Result<Step> step(std::string_view input, std::span<char> output) override {
    const std::uint8_t* next_in = bytes_of(input);
    std::size_t in = input.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
    std::size_t out = output.size();
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state_.get(), &in, &next_in, &out, &next_out, nullptr);
    if (result == BROTLI_DECODER_RESULT_ERROR) return kBadCoding;
    const Step step{input.size() - in, output.size() - out, is_whole()};
    if (!limit_.take(step.written)) return kTooLarge;
    return step;
  }

  bool is_whole() const override { return BrotliDecoderIsFinished(state_.get()) == BROTLI_TRUE; }

private:
  std::unique_ptr<BrotliDecoderState, FreeDecoder> state_;
  OutputLimit limit_;
};

} // namespace

std::unique_ptr<Encoder> make_brotli_encoder(const EncoderOptions& options) {
  BrotliEncoderState* const state = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  if (state == nullptr) return nullptr;
  auto encoder = std::make_unique<BrotliEncoder>(state);
  if (!encoder->begin(options)) return nullptr;
  return encoder;
}

std::unique_ptr<Decoder> make_brotli_decoder(const DecoderLimits& limits) {
  BrotliDecoderState* const state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  if (state == nullptr) return nullptr;
  return std::make_unique<BrotliDecoder>(state, limits);
}

} // namespace selvedge::coding
