#include "h2_head_reader.hpp"

#include <nghttp2/nghttp2.h>

#include <new>

namespace selvedge::codec::h2 {

namespace {

constexpr std::size_t kFieldOverhead = 32; // as RFC 9113, 6.5.2 counts

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

} // namespace

void HeadReader::Delete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

void HeadReader::begin(BlockKind kind) {
  if (!inflater_) {
    nghttp2_hd_inflater* made = nullptr;
    if (nghttp2_hd_inflate_new(&made) != 0) throw std::bad_alloc();
    inflater_.reset(made);
  }
  kind_ = kind;
  is_malformed_ = false;
  wire_bytes_ = decoded_bytes_ = empty_fragments_ = 0;
  if (kind == BlockKind::trailers) {
    rules_.begin_trailers();
  } else {
    rules_.begin_request();
  }
}

ResetCode HeadReader::read(std::string_view fragment, bool is_last, Stream* stream) {
  const std::size_t announced =
      std::max<std::size_t>(state_.options.max_head_bytes, kLeastMaxHeadBytes);
  wire_bytes_ += fragment.size();
  if (fragment.empty() && ++empty_fragments_ > kMaxEmptyFragments) {
    return ResetCode::enhance_your_calm;
  }
  if (wire_bytes_ > announced * kMaxHeadFactor) return ResetCode::enhance_your_calm;

  const auto* at = reinterpret_cast<const std::uint8_t*>(fragment.data());
  std::size_t left = fragment.size();
  for (;;) {
    nghttp2_nv found;
    int flags = 0;
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &found, &flags, at, left, is_last ? 1 : 0);
    if (used < 0) return ResetCode::compression_error;
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      decoded_bytes_ += found.namelen + found.valuelen + kFieldOverhead;
      if (decoded_bytes_ > announced * kMaxDecodedHeadFactor) return ResetCode::enhance_your_calm;
      const std::string_view name = view(found.name, found.namelen);
      take({http::field_name_of(name), name, view(found.value, found.valuelen)}, stream);
    } else if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_.get());
      is_malformed_ = is_malformed_ || !rules_.is_complete();
      return ResetCode::no_error;
    } else if (left == 0) {
      return ResetCode::no_error;
    }
  }
}

void HeadReader::take(const http::Field& field, Stream* stream) {
  if (kind_ == BlockKind::unwanted || is_malformed_) return;
  if (stream == nullptr || stream->is_reset) return;
  if (rules_.check(field) == FieldVerdict::malformed) {
    is_malformed_ = true;
  } else if (kind_ == BlockKind::request) {
    state_.events.on_field(stream->user, field);
  }
}

} // namespace selvedge::codec::h2
