#include "allocations.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

thread_local std::uint64_t allocation_count = 0;

void* count_and_allocate(std::size_t bytes) {
  ++allocation_count;
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* count_and_allocate(std::size_t bytes, std::align_val_t alignment) {
  ++allocation_count;
  const auto boundary = static_cast<std::size_t>(alignment);
  void* memory = std::aligned_alloc(boundary, (bytes + boundary - 1) & ~(boundary - 1));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

} // namespace

void* operator new(std::size_t bytes) {
  return count_and_allocate(bytes);
}
void* operator new[](std::size_t bytes) {
  return count_and_allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return count_and_allocate(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return count_and_allocate(bytes, alignment);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace selvedge::bench {

std::uint64_t allocations() {
  return allocation_count;
}

void AllocationCount::report(benchmark::State& state) const {
  const auto made = static_cast<double>(allocations() - before_);
  // Summed over the threads, so each gives its share of the mean.
  state.counters["allocs"] = benchmark::Counter(made / static_cast<double>(state.iterations()),
                                                benchmark::Counter::kAvgThreads);
}

void AllocationCount::require_none(benchmark::State& state, const char* what) const {
  const std::uint64_t made = allocations() - before_;
  if (made != 0) {
    std::fprintf(stderr, "%s: %llu allocations on the hit path in %llu iterations\n", what,
                 static_cast<unsigned long long>(made),
                 static_cast<unsigned long long>(state.iterations()));
    std::abort();
  }
  report(state);
}

} // namespace selvedge::bench
