// What came of reading something that an origin or a person wrote: the value, or what is wrong with
// it, in words that name the place ("assets[3].path: ...").
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace selvedge::bundle {

template <typename T> struct Parsed {
  std::optional<T> value;
  std::string problem; // empty when there is a value

  static Parsed good(T of) { return {std::move(of), {}}; }
  static Parsed bad(std::string why) { return {std::nullopt, std::move(why)}; }
  explicit operator bool() const { return value.has_value(); }
};

} // namespace selvedge::bundle
