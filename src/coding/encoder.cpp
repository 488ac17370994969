#include <selvedge/coding/encoder.hpp>

#include "coders.hpp"

#include <algorithm>

namespace selvedge::coding {

LevelBounds level_bounds(ContentCoding coding) {
  switch (coding) {
  case ContentCoding::gzip:
    return {1, 9};
  case ContentCoding::br:
    return {0, 11};
  case ContentCoding::zstd:
  case ContentCoding::dcz:
    return {1, 19};
  case ContentCoding::identity:
    break;
  }
  return {};
}

std::unique_ptr<Encoder> make_encoder(ContentCoding coding, const EncoderOptions& options) {
  EncoderOptions bounded = options;
  const LevelBounds bounds = level_bounds(coding);
  bounded.level = std::clamp(options.level, bounds.least, bounds.most);
  switch (coding) {
  case ContentCoding::gzip:
    return make_gzip_encoder(bounded);
  case ContentCoding::br:
    return make_brotli_encoder(bounded);
  case ContentCoding::zstd:
    return make_zstd_encoder(bounded);
  case ContentCoding::dcz:
    return make_dcz_encoder(bounded);
  case ContentCoding::identity:
    break;
  }
  return nullptr;
}

std::unique_ptr<Decoder> make_decoder(ContentCoding coding, const DecoderLimits& limits) {
  switch (coding) {
  case ContentCoding::gzip:
    return make_gzip_decoder(limits);
  case ContentCoding::br:
    return make_brotli_decoder(limits);
  case ContentCoding::zstd:
    return make_zstd_decoder(limits);
  case ContentCoding::dcz:
  case ContentCoding::identity:
    break;
  }
  return nullptr;
}

} // namespace selvedge::coding
