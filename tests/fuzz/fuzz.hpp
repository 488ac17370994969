// What every fuzz target needs: a claim that ends the program when it does not hold, and a reader
// that takes choices off the front of the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// Called by libFuzzer with one input after the other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace selvedge::fuzz {

inline void require(bool claim, const char* text) {
  if (claim) return;
  std::fprintf(stderr, "does not hold: %s\n", text);
  std::abort();
}

class Input {
public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  std::size_t number() { // 0 to 65535, of two bytes
    const auto byte = [this] {
      if (left_.empty()) return std::size_t{0};
      const auto value = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      return std::size_t{value};
    };
    const std::size_t high = byte();
    return high * 256 + byte();
  }
  // Up to the next line feed, which is taken off too.
  std::string_view line() {
    const std::size_t end = left_.find('\n');
    const std::string_view line = left_.substr(0, end);
    left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 1);
    return line;
  }
  std::string_view rest() const { return left_; }

private:
  std::string_view left_;
};

} // namespace selvedge::fuzz
