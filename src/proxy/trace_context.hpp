// Which distributed trace a request belongs to (W3C Trace Context, 3). Pure: what is random comes
// out of the engine that is given.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/http/field.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace selvedge::proxy {

inline constexpr std::string_view kTraceParent = "traceparent";
inline constexpr std::string_view kTraceState = "tracestate";

struct TraceParent {
  std::array<char, 32> trace_id{};  // lower-case hexadecimal digits, not all zero
  std::array<char, 16> parent_id{}; // likewise
  std::uint8_t flags = 0;

  std::string_view trace() const { return {trace_id.data(), trace_id.size()}; }
  std::string_view parent() const { return {parent_id.data(), parent_id.size()}; }
};

// Nothing for what is malformed. Of a later version, what this one knows of it.
std::optional<TraceParent> parse_trace_parent(std::string_view text);
// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
std::string_view trace_parent_text(const TraceParent& parent, base::Arena& arena);

struct TraceContext {
  TraceParent parent;        // for the origin
  bool is_continued = false; // the client's trace; else a new one, and its tracestate is void
};

// The client's trace with this node as the parent of what follows, or a new and sampled trace when
// the client has none, or none that is valid, or several (3.2 and 3.4).
TraceContext continued_trace(const http::FieldList& request, std::mt19937_64& random);

} // namespace selvedge::proxy
