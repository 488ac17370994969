#include "base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace selvedge::bundle {

std::string base64(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // and OpenSSL's NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool decode_base64(std::string_view text, std::span<unsigned char> into) {
  std::array<unsigned char, 66> room; // OpenSSL writes the padding, too
  if (into.size() > 64 || text.size() != (into.size() + 2) / 3 * 4) return false;
  const int read = EVP_DecodeBlock(room.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (read < 0) return false;
  const std::span<const unsigned char> bytes(room.data(), into.size());
  if (base64(bytes) != text) return false;
  std::copy(bytes.begin(), bytes.end(), into.begin());
  return true;
}

} // namespace selvedge::bundle
