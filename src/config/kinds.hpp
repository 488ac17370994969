// Short names for making kinds, so that a record reads as one line.
// Thread: any.
#pragma once

#include "scalar_kinds.hpp"
#include "section_kinds.hpp"
#include "text_kinds.hpp"

#include <memory>

namespace selvedge::config {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kTiB = 1024 * 1024 * kMiB;

inline auto boolean() {
  return std::make_unique<BoolKind>();
}
template <typename U> auto number(std::uint64_t least, std::uint64_t most) {
  return std::make_unique<NumberKind<U>>(Bounds{least, most});
}
inline auto decimal(std::uint64_t least, std::uint64_t most) {
  return std::make_unique<DecimalKind>(least, most);
}
inline auto share() {
  return std::make_unique<ShareKind>();
}
inline auto size(std::uint64_t least, std::uint64_t most) {
  return std::make_unique<SizeKind>(Bounds{least, most});
}
// As size(), where 0 says that there is none.
inline auto size_or_zero(std::uint64_t least, std::uint64_t most) {
  return std::make_unique<SizeKind>(Bounds{least, most, false, true});
}
// For how long a response may be used, in seconds; zero is none.
inline auto lifetime() {
  return std::make_unique<DurationKind<std::chrono::seconds>>(std::chrono::seconds{0},
                                                              std::chrono::hours{24 * 3650});
}
// A member in milliseconds.
inline auto duration(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  return std::make_unique<DurationKind<std::chrono::milliseconds>>(least, most);
}
// For waiting on a peer: never zero, never so long that it is none.
inline auto timeout() {
  return duration(std::chrono::milliseconds{1}, std::chrono::hours{24});
}
// As timeout(), where 0 says that there is none.
inline auto timeout_or_zero() {
  return duration(std::chrono::milliseconds{0}, std::chrono::hours{24});
}
template <typename E> auto word(typename WordKind<E>::Words words) {
  return std::make_unique<WordKind<E>>(std::move(words));
}
inline auto text(const TextRule& rule, Empty empty = Empty::refused) {
  return std::make_unique<TextKind>(rule, empty);
}
inline auto texts(const TextRule& rule, Empty empty = Empty::refused) {
  return std::make_unique<TextListKind>(rule, empty);
}
inline auto file(std::string what, Empty empty, PathKind::Dash dash = PathKind::Dash::refused) {
  return std::make_unique<PathKind>(std::move(what), empty, dash);
}
template <typename S> auto section(Section<S> keys) {
  return std::make_unique<SectionKind<S>>(std::move(keys));
}
template <typename S>
auto section_list(Section<S> keys, typename SectionListKind<S>::Name name, Empty empty) {
  return std::make_unique<SectionListKind<S>>(std::move(keys), name, empty);
}

} // namespace selvedge::config
