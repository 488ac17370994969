// Numbers, shares, sizes, durations and rates as people write them: "5%", "64MiB", "250ms",
// "10/s". Reading gives
// nothing for text that is not one; writing gives the largest unit that keeps the value exact.
// Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::config {

// Decimal digits only, up to 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text);

// Decimal digits, with a point and more digits after them or without.
std::optional<double> parse_decimal(std::string_view text);
std::string decimal_text(double number);

// A share from 0 to 1 as a decimal and %, to four digits behind the point.
std::optional<double> parse_percent(std::string_view text);
std::string percent_text(double share);

// Digits and one of "", B, kB, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024).
std::optional<std::uint64_t> parse_bytes(std::string_view text);
std::string bytes_text(std::uint64_t bytes);

// Digits and one of ms, s, m, h, d; "0" needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string duration_text(std::chrono::milliseconds duration);

// A whole number of at least 1 and /s, /m or /h: so many a second.
std::optional<double> parse_rate(std::string_view text);
// "0" for none.
std::string rate_text(double per_second);

} // namespace selvedge::config
