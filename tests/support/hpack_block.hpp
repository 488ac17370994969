// One block of HPACK written by the node's encoder into as much memory as it asks for.
#pragma once

#include <selvedge/codec/hpack.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace selvedge::test {

// Throws if a call writes more than its bound, or any byte behind the bound of the block.
inline std::string write_block(codec::hpack::Encoder& encoder, http::Status status,
                               std::span<const http::Field> fields) {
  using codec::hpack::Encoder;
  constexpr char kCanary = '\x5a';
  constexpr std::size_t kCanaries = 64;
  const std::size_t bound = Encoder::bound(fields, {});
  std::string memory(bound + kCanaries, kCanary);
  const auto require = [](std::size_t written, std::size_t most) {
    if (written > most) throw std::logic_error("more written than the bound says");
  };
  const auto between = [](const char* from, const char* to) {
    return static_cast<std::size_t>(to - from);
  };
  char* to = encoder.start(memory.data());
  require(between(memory.data(), to), Encoder::kStartBound);
  char* next = encoder.status(to, status);
  require(between(to, next), Encoder::kStatusBound);
  for (const http::Field& field : fields) {
    to = std::exchange(next, encoder.field(next, field));
    require(between(to, next), Encoder::bound(field));
  }
  const auto untouched = memory.begin() + static_cast<std::ptrdiff_t>(bound);
  if (std::any_of(untouched, memory.end(), [](char c) { return c != kCanary; })) {
    throw std::logic_error("written behind the bound");
  }
  memory.resize(between(memory.data(), next));
  return memory;
}

} // namespace selvedge::test
