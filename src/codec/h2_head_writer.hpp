// HEADERS frames of responses: a field block, encoded where it is to be sent, and cut into
// CONTINUATION frames where it is longer than a frame (RFC 9113, 6.2 and 6.10). Thread: one.
#pragma once

#include "h2_stream.hpp"

#include <selvedge/codec/hpack.hpp>

#include <span>

namespace selvedge::codec::h2 {

// Each bound is that of the function beside it, which returns the end of what it wrote.
std::size_t bound_of_head(const Stream& stream);
char* write_head(char* to, hpack::Encoder& encoder, const Stream& stream);

std::size_t bound_of_interim_head(std::span<const http::Field> fields);
char* write_interim_head(char* to, hpack::Encoder& encoder, StreamId id, http::Status status,
                         std::span<const http::Field> fields);

std::size_t bound_of_trailers(std::span<const http::Field> fields);
char* write_trailers(char* to, hpack::Encoder& encoder, StreamId id,
                     std::span<const http::Field> fields);

} // namespace selvedge::codec::h2
