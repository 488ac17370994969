// The content codings this node makes and undoes (RFC 9110, 8.4.1; RFC 7932; RFC 8878; RFC 9842).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace selvedge::coding {

enum class ContentCoding : std::uint8_t {
  identity,
  gzip,
  br,
  zstd,
  dcz, // zstd against a dictionary that the client has
};
inline constexpr std::size_t kContentCodings = 5;

// As fields have it.
std::string_view text_of(ContentCoding coding);
// Of any case, and "x-gzip". Nothing for a name that is not known here.
std::optional<ContentCoding> content_coding_of(std::string_view name);

} // namespace selvedge::coding
