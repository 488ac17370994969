// The vocabulary: names to tokens, heads to blocks, dates, and the decision to store.
#include "allocations.hpp"
#include "responses.hpp"

#include <selvedge/cache/decide.hpp>
#include <selvedge/http/http_date.hpp>

namespace selvedge::bench {

namespace {

void head_block_build(benchmark::State& state) {
  const http::FieldList fields = asset_head();
  const AllocationCount count;
  for (auto _ : state) benchmark::DoNotOptimize(http::HeadBlock(fields));
  count.require_exactly(state, "head_block_build", 1);
}
BENCHMARK(head_block_build);

// The names of a whole request, as a parser asks for them.
void field_name_of_request(benchmark::State& state) {
  const http::RequestHead request = asset_request();
  const AllocationCount count;
  for (auto _ : state) {
    for (const http::Field& field : request.fields) {
      benchmark::DoNotOptimize(http::field_name_of(field.name));
    }
  }
  count.require_none(state, "field_name_of_request");
}
BENCHMARK(field_name_of_request);

void parse_date(benchmark::State& state) {
  const AllocationCount count;
  for (auto _ : state) {
    benchmark::DoNotOptimize(http::parse_http_date("Wed, 01 Jan 2025 12:00:00 GMT", {}));
  }
  count.require_none(state, "parse_date");
}
BENCHMARK(parse_date);

void decide_store_asset(benchmark::State& state) {
  const http::RequestHead request = asset_request();
  http::ResponseHead response;
  response.status = 200;
  response.fields = asset_head();
  const base::Instant now{base::Steady{std::chrono::hours{1}},
                          std::chrono::sys_seconds{std::chrono::seconds{1735732800}}};
  const cache::CachePolicy policy;
  const AllocationCount count;
  for (auto _ : state) {
    const auto decision = cache::decide_store(request, response, now, now, policy);
    if (!decision.may_store) state.SkipWithError("not stored");
    benchmark::DoNotOptimize(decision);
  }
  // The fields as they are to be stored, and the variant they are selected by.
  count.require_at_most(state, "decide_store_asset", 3);
}
BENCHMARK(decide_store_asset);

} // namespace

} // namespace selvedge::bench
