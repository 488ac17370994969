// Making the key of what a key says gives the same key.
#include <selvedge/cache/cache_key.hpp>
#include <selvedge/codec/request_check.hpp>
#include <tests/fuzz/fuzz.hpp>

using namespace selvedge;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string_view scheme = input.number() % 2 == 0 ? "http" : "HTTPS";
  const std::string_view authority = input.line();
  const std::string_view target = input.rest();
  // What reaches the cache has been checked.
  if (!codec::is_authority(authority) || !codec::is_target(target)) return 0;
  base::Arena arena;
  const cache::CacheKey key = cache::make_cache_key(scheme, authority, target, arena);
  if (target == "*") return 0;
  const auto parts = codec::parse_absolute_target(key.text);
  fuzz::require(parts.has_value(), "a key is an absolute URL");
  fuzz::require(parts->target == target, "the target stays as it is");
  const cache::CacheKey again =
      cache::make_cache_key(parts->scheme, parts->authority, parts->target, arena);
  fuzz::require(again.text == key.text && again.print == key.print, "the key of a key is the same");
  return 0;
}
