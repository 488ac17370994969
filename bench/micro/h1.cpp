// HTTP/1.1 without a connection: the bytes of a request to its head, and the bytes of a stored
// response's head.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/codec/h1_parser.hpp>
#include <selvedge/codec/h1_writer.hpp>

#include <array>
#include <optional>
#include <string>

namespace selvedge::bench {

namespace {

// What a connection does for each request: a fresh parser, everything in one piece, and the checks.
bool read_request(std::string_view text, http::RequestHead& head, base::Arena& arena,
                  std::optional<codec::h1::RequestParser>& parser) {
  head.clear();
  arena.clear();
  parser.emplace(head, arena, codec::h1::HeadLimits{});
  while (!text.empty()) {
    const auto step = parser->feed(text);
    if (!step || step->needs_more) return false;
    text.remove_prefix(step->used);
    if (parser->is_head_done()) break;
  }
  return text.empty() && parser->is_head_done() && parser->finish_head();
}

void h1_request(benchmark::State& state, const http::RequestHead& request) {
  const std::string text = h1_text(request);
  http::RequestHead head;
  base::Arena arena;
  std::optional<codec::h1::RequestParser> parser;
  const AllocationCount count;
  for (auto _ : state) {
    if (!read_request(text, head, arena, parser)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head);
  }
  count.require_none(state, "h1_request");
  const bool is_same = head.target == request.target && head.authority == request.authority &&
                       head.fields.size() == request.fields.size();
  if (!is_same) state.SkipWithError("read something else");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(h1_request, plain, plain_request());
BENCHMARK_CAPTURE(h1_request, browser, asset_request());

void h1_response_head(benchmark::State& state) {
  const auto stored = asset_for(asset_request(), 1024, {}, nullptr);
  const std::array<http::Field, 3> added{{
      {http::FieldName::age, "age", "17"},
      {http::FieldName::via, "via", "1.1 selvedge"},
      {http::FieldName::cache_status, "cache-status", "selvedge; hit; ttl=3583"},
  }};
  std::array<char, 8192> buffer;
  std::size_t size = 0;
  const AllocationCount count;
  for (auto _ : state) {
    codec::h1::Writer to(buffer);
    codec::h1::write_status_line(to, stored->status());
    to.text(stored->head().wire());
    for (const http::Field& field : added) to.field(field.name, field.value);
    codec::h1::write_framing(to, codec::h1::Framing::content_length, 1024);
    to.end_of_head();
    size = to.size();
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  }
  count.require_none(state, "h1_response_head");
  if (size < stored->head().wire().size()) state.SkipWithError("did not fit");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(h1_response_head);

} // namespace

} // namespace selvedge::bench
