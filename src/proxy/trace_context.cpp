#include "trace_context.hpp"

#include <algorithm>
#include <cstddef>

namespace selvedge::proxy {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kLength = 55; // of version 00: 2 + 1 + 32 + 1 + 16 + 1 + 2
constexpr std::uint8_t kSampled = 1;
constexpr std::uint8_t kRandom = 2;                      // the trace id is (Level 2, 3.2.2.5)
constexpr std::uint8_t kKnownFlags = kSampled | kRandom; // others are set to zero (3.2.2.5)

bool is_hexadecimal(std::string_view text) { // upper case is malformed
  return text.find_first_not_of(kDigits) == std::string_view::npos;
}

// Digits, and not all of them zero.
bool is_id(std::string_view text) {
  return is_hexadecimal(text) && text.find_first_not_of('0') != std::string_view::npos;
}

template <std::size_t N> void fill_at_random(std::array<char, N>& id, std::mt19937_64& random) {
  do {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < N; ++i) {
      if (i % 16 == 0) bits = random();
      id[i] = kDigits[bits & 15];
      bits >>= 4;
    }
  } while (!is_id({id.data(), N}));
}

} // namespace

std::optional<TraceParent> parse_trace_parent(std::string_view text) {
  if (text.size() < kLength) return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  const std::string_view flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  if (!is_hexadecimal(version) || version == "ff") return std::nullopt;
  // 3.2.4: a later version may have more to say, behind a dash.
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return std::nullopt;
  if (!is_id(trace) || !is_id(parent) || !is_hexadecimal(flags)) return std::nullopt;
  TraceParent result;
  std::copy(trace.begin(), trace.end(), result.trace_id.begin());
  std::copy(parent.begin(), parent.end(), result.parent_id.begin());
  result.flags = static_cast<std::uint8_t>(kDigits.find(flags[0]) * 16 + kDigits.find(flags[1]));
  result.flags &= kKnownFlags;
  return result;
}

std::string_view trace_parent_text(const TraceParent& parent, base::Arena& arena) {
  std::array<char, kLength> text;
  char* to = text.data();
  const auto add = [&to](std::string_view part) { to = std::copy(part.begin(), part.end(), to); };
  add("00-");
  add(parent.trace());
  add("-");
  add(parent.parent());
  add("-");
  add(kDigits.substr(parent.flags >> 4, 1));
  add(kDigits.substr(parent.flags & 15, 1));
  return arena.copy({text.data(), text.size()});
}

TraceContext continued_trace(const http::FieldList& request, std::mt19937_64& random) {
  std::size_t lines = 0;
  std::string_view value;
  for (const http::Field& field : request) {
    if (!http::equals_ignoring_case(field.name, kTraceParent)) continue;
    value = field.value;
    ++lines;
  }
  TraceContext context;
  const auto parent = lines == 1 ? parse_trace_parent(value) : std::nullopt;
  if (parent) {
    context.parent = *parent;
    context.is_continued = true;
  } else {
    fill_at_random(context.parent.trace_id, random);
    context.parent.flags = kSampled | kRandom;
  }
  fill_at_random(context.parent.parent_id, random);
  return context;
}

} // namespace selvedge::proxy
