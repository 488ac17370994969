// What ./dev soak asks for: /o/ID/SIZE is SIZE bytes that follow from the path alone, at any
// offset, so that the origin makes them and the client checks each one. A response's own bytes at
// the wrong place, or another one's, are found; bytes of the same URL can never differ.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace selvedge::bench {

constexpr std::size_t kLargestObject = std::size_t{1} << 20;

// The finalizer of SplitMix64: each bit of the result follows from all of the value.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

struct SoakObject {
  std::uint64_t id = 0;
  std::size_t size = 0;

  // By its number: three of five have at most 8 KiB, one of a hundred has 256 KiB to 1 MiB.
  static SoakObject numbered(std::uint64_t id) {
    const std::uint64_t random = mixed(id);
    const auto between = [&](std::uint64_t least, std::uint64_t most) {
      return SoakObject{id, static_cast<std::size_t>(least + (random >> 16) % (most - least))};
    };
    const std::uint64_t of_hundred = random % 100;
    if (of_hundred < 60) return between(1, 8 << 10);
    if (of_hundred < 90) return between(8 << 10, 48 << 10);
    if (of_hundred < 99) return between(48 << 10, 256 << 10);
    return between(256 << 10, kLargestObject + 1);
  }

  // "/o/ID/SIZE", perhaps after the prefix of a route.
  static std::optional<SoakObject> parse(std::string_view path) {
    const std::size_t at = path.find("/o/");
    if (at == std::string_view::npos) return std::nullopt;
    SoakObject object;
    const char* const end = path.data() + path.size();
    const auto id = std::from_chars(path.data() + at + 3, end, object.id);
    if (id.ec != std::errc{} || id.ptr == end || *id.ptr != '/') return std::nullopt;
    const auto size = std::from_chars(id.ptr + 1, end, object.size);
    if (size.ec != std::errc{} || object.size > kLargestObject) return std::nullopt;
    return object;
  }

  std::string path() const { return "/o/" + std::to_string(id) + '/' + std::to_string(size); }
  std::string etag() const { return '"' + std::to_string(id) + '-' + std::to_string(size) + '"'; }
  // Another number for each choice that follows from the object.
  std::uint64_t chosen(std::uint64_t salt) const { return mixed(mixed(id) + salt); }
};

// Eight bytes of the content, those at 8 * index.
inline std::uint64_t content_word(const SoakObject& object, std::uint64_t index) {
  return mixed(mixed(object.id * kLargestObject + object.size) ^ index);
}

inline void fill_content(const SoakObject& object, std::size_t offset, std::span<char> into) {
  while (!into.empty()) {
    const std::uint64_t word = content_word(object, offset / 8);
    const std::size_t skip = offset % 8;
    const std::size_t bytes = std::min<std::size_t>(8 - skip, into.size());
    std::memcpy(into.data(), reinterpret_cast<const char*>(&word) + skip, bytes);
    into = into.subspan(bytes);
    offset += bytes;
  }
}

// Where the first byte is that is not the content's at this offset.
inline std::optional<std::size_t> first_difference(const SoakObject& object, std::size_t offset,
                                                   std::string_view bytes) {
  while (!bytes.empty()) {
    const std::uint64_t word = content_word(object, offset / 8);
    const std::size_t skip = offset % 8;
    const std::size_t count = std::min<std::size_t>(8 - skip, bytes.size());
    const char* const expected = reinterpret_cast<const char*>(&word) + skip;
    if (std::memcmp(expected, bytes.data(), count) != 0) {
      return offset + static_cast<std::size_t>(
                          std::mismatch(expected, expected + count, bytes.data()).first - expected);
    }
    bytes.remove_prefix(count);
    offset += count;
  }
  return std::nullopt;
}

} // namespace selvedge::bench
