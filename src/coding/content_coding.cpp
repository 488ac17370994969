#include <selvedge/coding/content_coding.hpp>

#include <selvedge/http/field.hpp>

#include <array>

namespace selvedge::coding {

namespace {
constexpr std::array<std::string_view, kContentCodings> kNames{"identity", "gzip", "br", "zstd",
                                                               "dcz"};
}

std::string_view text_of(ContentCoding coding) {
  return kNames[static_cast<std::size_t>(coding)];
}

std::optional<ContentCoding> content_coding_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (http::equals_ignoring_case(name, kNames[i])) return static_cast<ContentCoding>(i);
  }
  if (http::equals_ignoring_case(name, "x-gzip")) return ContentCoding::gzip; // RFC 9110, 8.4.1.3
  return std::nullopt;
}

} // namespace selvedge::coding
