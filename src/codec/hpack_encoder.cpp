#include "hpack_huffman.hpp"
#include "hpack_names.hpp"
#include "hpack_table.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace selvedge::codec::hpack {

namespace {

// RFC 7541, 6: the first bits of each representation, and how many bits of an integer follow.
struct Form {
  std::uint8_t pattern;
  unsigned prefix_bits;
};
constexpr Form kIndexed{0x80, 7};
constexpr Form kLiteralIndexed{0x40, 6};
constexpr Form kSizeUpdate{0x20, 5};
constexpr Form kLiteralNeverIndexed{0x10, 4};
constexpr Form kLiteral{0x00, 4};
constexpr Form kHuffman{0x80, 7};
constexpr Form kPlain{0x00, 7};

constexpr std::uint32_t kStaticEntries = 61;
constexpr std::uint8_t kStatusIndex = 8;
// A place beside those of the tokens.
constexpr std::uint8_t kStatusPlace = DynamicTable::kFirstShared - 1;
static_assert(static_cast<std::size_t>(http::FieldName::xkey) < kStatusPlace);

// RFC 7541, 5.1
char* put_integer(char* to, Form form, std::size_t value) {
  const std::size_t limit = (std::size_t{1} << form.prefix_bits) - 1;
  if (value < limit) {
    *to++ = static_cast<char>(form.pattern | value);
    return to;
  }
  *to++ = static_cast<char>(form.pattern | limit);
  for (value -= limit; value >= 0x80; value >>= 7) *to++ = static_cast<char>(0x80 | (value & 0x7f));
  *to++ = static_cast<char>(value);
  return to;
}

// RFC 7541, 5.2. The length stands in front of what is only known when it is written: the room left
// for it is that of the plain text's length, which is right but for lengths near 127.
char* put_string(char* to, std::string_view text) {
  char* const content = put_integer(to, kPlain, text.size());
  char* const end = encode_huffman(content, text);
  if (end == nullptr) return std::copy(text.begin(), text.end(), content);
  const auto size = static_cast<std::size_t>(end - content);
  char* const moved = put_integer(to, kHuffman, size);
  if (moved != content) std::memmove(moved, content, size);
  return moved + size;
}

char* put_literal(char* to, Form form, std::size_t name_index, std::string_view name,
                  std::string_view value) {
  to = put_integer(to, form, name_index);
  if (name_index == 0) to = put_string(to, name);
  return put_string(to, value);
}

using Age = DynamicTable::Age;
constexpr Age kNotFound = DynamicTable::kNotFound;

// RFC 7541, 2.3.3
std::size_t index_of(Age age) {
  return kStaticEntries + 1 + age;
}

char* put_indexed(char* to, Age age) {
  return put_integer(to, kIndexed, index_of(age));
}

} // namespace

struct Encoder::Name {
  std::string_view text;
  std::uint64_t hash;
  std::uint8_t place;
  NameRule rule;
};

Encoder::Encoder() = default;
Encoder::~Encoder() = default;

void Encoder::set_peer_limit(std::uint32_t bytes) {
  const std::uint32_t used = std::min(bytes, kTableBytes);
  // Said also when ours is smaller anyway: RFC 9113, 4.3.1 has peers insist on it.
  if (bytes < peer_limit_ || used != limit_) is_update_due_ = true;
  peer_limit_ = bytes;
  limit_ = used;
  smallest_limit_ = std::min(smallest_limit_, used);
  if (table_ != nullptr) table_->set_limit(used);
}

void Encoder::forget() {
  if (table_ == nullptr) return;
  table_ = nullptr;
  smallest_limit_ = 0;
  is_update_due_ = true;
}

std::size_t Encoder::allocated_bytes() const {
  return table_ == nullptr ? 0 : table_->allocated_bytes();
}

std::size_t Encoder::bound(std::span<const http::Field> fields) {
  std::size_t bytes = 0;
  for (const http::Field& field : fields) bytes += bound(field);
  return bytes;
}

char* Encoder::start(char* to) {
  if (!is_update_due_) return to;
  if (smallest_limit_ < limit_) to = put_integer(to, kSizeUpdate, smallest_limit_);
  to = put_integer(to, kSizeUpdate, limit_);
  smallest_limit_ = limit_;
  is_update_due_ = false;
  return to;
}

char* Encoder::status(char* to, http::Status status) {
  if (const std::uint8_t index = static_index_of_status(status); index != 0) {
    return put_integer(to, kIndexed, index);
  }
  char digits[8];
  const char* const end = std::to_chars(digits, digits + sizeof digits, status).ptr;
  const Name name{":status", kStatusPlace, kStatusPlace, {kStatusIndex, Indexing::always}};
  return add(to, name, {digits, static_cast<std::size_t>(end - digits)});
}

char* Encoder::field(char* to, const http::Field& field) {
  const auto token = static_cast<std::uint8_t>(field.id);
  if (field.id == http::FieldName::unknown) return unknown_field(to, field);
  // Most fields of a busy connection end here: they say what the last of their name said.
  if (table_ != nullptr) {
    const Age age = table_->find_youngest(token, field.value);
    if (age != kNotFound) return put_indexed(to, age);
  }
  return new_field(to, field);
}

// Out of line, as is the next, so that field() needs no frame for them.
[[gnu::noinline]] char* Encoder::new_field(char* to, const http::Field& field) {
  const auto token = static_cast<std::uint8_t>(field.id);
  return add(to, {field.name, token, token, kNameRules[token]}, field.value);
}

[[gnu::noinline]] char* Encoder::unknown_field(char* to, const http::Field& field) {
  const std::uint64_t hash = XXH3_64bits(field.name.data(), field.name.size());
  const auto place = static_cast<std::uint8_t>(
      DynamicTable::kFirstShared + hash % (DynamicTable::kPlaces - DynamicTable::kFirstShared));
  if (table_ != nullptr) {
    const Age age = table_->find_name(place, field.name);
    if (age != kNotFound && table_->has_value(age, field.value)) return put_indexed(to, age);
  }
  NameRule rule;
  rule.static_index = static_index_of(field.name);
  return add(to, {field.name, hash, place, rule}, field.value);
}

char* Encoder::content_length(char* to, std::uint64_t length) {
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof digits, length).ptr;
  return field(to, {http::FieldName::content_length,
                    "content-length",
                    {digits, static_cast<std::size_t>(end - digits)}});
}

char* Encoder::add(char* to, const Name& name, std::string_view value) {
  const NameRule rule = name.rule;
  if (rule.indexing == Indexing::never) {
    return put_literal(to, kLiteralNeverIndexed, rule.static_index, name.text, value);
  }
  // What takes more than half of the table would push out too much.
  if (DynamicTable::bytes_of(name.text, value) > limit_ / 2) {
    return put_literal(to, kLiteral, rule.static_index, name.text, value);
  }
  if (table_ == nullptr) table_ = std::make_unique<DynamicTable>(limit_);
  const auto hash =
      static_cast<std::uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), name.hash));
  const DynamicTable::Field field{name.place, hash, name.text, value};
  if (const Age age = table_->find(field); age != kNotFound) return put_indexed(to, age);

  std::size_t index = rule.static_index;
  if (index == 0) {
    const Age youngest = table_->find_name(name.place, name.text);
    if (youngest != kNotFound) index = index_of(youngest);
  }
  if (rule.indexing == Indexing::when_repeated && index != 0 && !table_->note_sent(hash)) {
    return put_literal(to, kLiteral, index, name.text, value);
  }
  to = put_literal(to, kLiteralIndexed, index, name.text, value);
  table_->add(field);
  return to;
}

} // namespace selvedge::codec::hpack
