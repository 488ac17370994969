#include "allocations.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <new>

// The program's own definitions of malloc and its kin come before those of every library, for
// libraries too. They count and pass on to what would have been called, jemalloc or the C library.
// jemalloc's operator new does not go through malloc; the one here does. Its counterpart, operator
// delete, is that of the library that has malloc, or ends in free.

namespace {

constinit thread_local std::uint64_t allocation_count = 0;

// The definition behind this one. Looked up at the first call, which comes before any constructor
// has run: hence no function-local static, whose guard that call would have to take.
template <typename Function> class Next {
public:
  constexpr explicit Next(const char* name) : name_(name) {}
  Function get() {
    Function found = found_.load(std::memory_order_relaxed);
    if (found == nullptr) {
      found = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name_));
      if (found == nullptr) std::abort();
      found_.store(found, std::memory_order_relaxed);
    }
    return found;
  }

private:
  const char* name_;
  std::atomic<Function> found_{nullptr};
};

constinit Next<void* (*)(std::size_t)> next_malloc("malloc");
constinit Next<void* (*)(std::size_t, std::size_t)> next_calloc("calloc");
constinit Next<void* (*)(void*, std::size_t)> next_realloc("realloc");
constinit Next<void* (*)(std::size_t, std::size_t)> next_aligned_alloc("aligned_alloc");
constinit Next<int (*)(void**, std::size_t, std::size_t)> next_posix_memalign("posix_memalign");

} // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  ++allocation_count;
  return next_malloc.get()(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  ++allocation_count;
  return next_calloc.get()(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) noexcept {
  ++allocation_count;
  return next_realloc.get()(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  ++allocation_count;
  return next_aligned_alloc.get()(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  ++allocation_count;
  return next_posix_memalign.get()(memory, alignment, bytes);
}

} // extern "C"

void* operator new(std::size_t bytes) {
  void* memory = malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t bytes) {
  return operator new(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes == 0 ? 1 : bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto boundary = static_cast<std::size_t>(alignment);
  void* memory = aligned_alloc(boundary, (bytes + boundary - 1) & ~(boundary - 1));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return operator new(bytes, alignment);
}

namespace selvedge::bench {

namespace {

void report(benchmark::State& state, double mean) {
  // Summed over the threads, so each gives its share of the mean.
  state.counters["allocs"] = benchmark::Counter(mean, benchmark::Counter::kAvgThreads);
}

[[noreturn]] void refuse(const char* what, double mean, const char* relation, double bound) {
  std::fprintf(stderr, "%s: %.4f allocations in an iteration, %s %.4f expected\n", what, mean,
               relation, bound);
  std::abort();
}

} // namespace

std::uint64_t allocations() {
  return allocation_count;
}

double AllocationCount::of_an_iteration(const benchmark::State& state) const {
  return static_cast<double>(allocations() - before_) / static_cast<double>(state.iterations());
}

void AllocationCount::require_none(benchmark::State& state, const char* what) const {
  require_exactly(state, what, 0);
}

void AllocationCount::require_exactly(benchmark::State& state, const char* what,
                                      double expected) const {
  const double mean = of_an_iteration(state);
  if (mean != expected) refuse(what, mean, "exactly", expected);
  report(state, mean);
}

void AllocationCount::require_at_most(benchmark::State& state, const char* what,
                                      double limit) const {
  const double mean = of_an_iteration(state);
  if (mean > limit) refuse(what, mean, "at most", limit);
  report(state, mean);
}

} // namespace selvedge::bench
