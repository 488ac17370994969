// gzip (RFC 1952), by zlib.
#include "coders.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace selvedge::coding {

namespace {

constexpr int kGzip = 16; // added to the window's bits: gzip's framing instead of zlib's

uInt bounded(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

// The smallest window that holds the content: it takes a fourth of the memory for small ones.
int window_bits(const EncoderOptions& options) {
  int bits = 9;
  while (bits < MAX_WBITS && options.length.value_or(1u << MAX_WBITS) > (1u << bits)) ++bits;
  return bits;
}

int operation_of(EncoderStep what) {
  if (what == EncoderStep::end) return Z_FINISH;
  return what == EncoderStep::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
}

class GzipEncoder final : public Encoder {
public:
  ~GzipEncoder() override { deflateEnd(&stream_); }

  bool begin(const EncoderOptions& options) {
    constexpr int kMemoryLevel = 8;
    return deflateInit2(&stream_, options.level, Z_DEFLATED, kGzip + window_bits(options),
                        kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }

  Step step(std::string_view input, EncoderStep what, std::span<char> output) override {
    stream_.next_in = bytes_of(input);
    stream_.avail_in = bounded(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = bounded(output.size());
    const bool is_all = stream_.avail_in == input.size();
    const uInt in = stream_.avail_in;
    const uInt out = stream_.avail_out;
    const int result = deflate(&stream_, is_all ? operation_of(what) : Z_NO_FLUSH);
    const bool is_flushed = what == EncoderStep::flush && is_all && stream_.avail_out > 0;
    return {in - stream_.avail_in, out - stream_.avail_out, result == Z_STREAM_END || is_flushed};
  }

private:
  z_stream stream_{};
};

// Members that follow each other are one content (RFC 1952, 2.2).
class GzipDecoder final : public Decoder {
public:
  explicit GzipDecoder(const DecoderLimits& limits) : limit_(limits.content_bytes) {}
  ~GzipDecoder() override { inflateEnd(&stream_); }

  bool begin() { return inflateInit2(&stream_, kGzip + MAX_WBITS) == Z_OK; }

  base::Result<Step> step(std::string_view input, std::span<char> output) override {
    if (is_between_members_ && !input.empty()) {
      if (inflateReset(&stream_) != Z_OK) return kBadCoding;
      is_between_members_ = false;
    }
    stream_.next_in = bytes_of(input);
    stream_.avail_in = bounded(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = bounded(output.size());
    const uInt in = stream_.avail_in;
    const uInt out = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      is_between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return kBadCoding;
    }
    const Step step{in - stream_.avail_in, out - stream_.avail_out, false};
    if (!limit_.take(step.written)) return kTooLarge;
    return step;
  }

  bool is_whole() const override { return is_between_members_; }

private:
  z_stream stream_{};
  OutputLimit limit_;
  bool is_between_members_ = false;
};

} // namespace

std::unique_ptr<Encoder> make_gzip_encoder(const EncoderOptions& options) {
  auto encoder = std::make_unique<GzipEncoder>();
  if (!encoder->begin(options)) return nullptr;
  return encoder;
}

std::unique_ptr<Decoder> make_gzip_decoder(const DecoderLimits& limits) {
  auto decoder = std::make_unique<GzipDecoder>(limits);
  if (!decoder->begin()) return nullptr;
  return decoder;
}

} // namespace selvedge::coding
