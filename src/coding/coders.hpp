// One of each library: encoder.cpp chooses.
#pragma once

#include <selvedge/coding/decoder.hpp>
#include <selvedge/coding/encoder.hpp>

namespace selvedge::coding {

// All: null where there is no memory. Requires: the level is within its bounds.
std::unique_ptr<Encoder> make_gzip_encoder(const EncoderOptions& options);
std::unique_ptr<Encoder> make_brotli_encoder(const EncoderOptions& options);
std::unique_ptr<Encoder> make_zstd_encoder(const EncoderOptions& options);
std::unique_ptr<Encoder> make_dcz_encoder(const EncoderOptions& options);
std::unique_ptr<Decoder> make_gzip_decoder(const DecoderLimits& limits);
std::unique_ptr<Decoder> make_brotli_decoder(const DecoderLimits& limits);
std::unique_ptr<Decoder> make_zstd_decoder(const DecoderLimits& limits);

// What every decoder keeps: how much came out so far.
class OutputLimit {
public:
  explicit OutputLimit(std::uint64_t most) : left_(most) {}
  // False: more than there may be.
  bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

private:
  std::uint64_t left_;
};

} // namespace selvedge::coding
