// The dynamic table of HPACK as its sender keeps it (RFC 7541, 2.3.2 and 4): a ring of entries, a
// ring of their bytes, and two small indexes. An index may forget an entry, which costs the peer
// some bytes to read; what it finds is compared in full. Thread: that of the connection.
#pragma once

#include <selvedge/codec/hpack.hpp>

#include <array>

namespace selvedge::codec::hpack {

class DynamicTable {
public:
  // A name: known ones have a place of their own, the others share the rest by a hash of the text.
  static constexpr std::size_t kPlaces = 128;
  static constexpr std::uint8_t kFirstShared = 64;

  struct Field {
    std::uint8_t place;
    std::uint32_t hash; // of name and value
    std::string_view name;
    std::string_view value;
  };

  // Requires: limit <= kTableBytes.
  explicit DynamicTable(std::uint32_t limit) : DynamicTable(limit, kFirstCapacity) {}

  // How many entries are younger than the one found: 0 for the youngest.
  using Age = std::uint32_t;
  static constexpr Age kNotFound = 0xffffffff;
  Age find(const Field& field) const;
  // The youngest of that name.
  Age find_name(std::uint8_t place, std::string_view name) const;
  bool has_value(Age age, std::string_view value) const { return is_value(entry_of(age), value); }
  // Both, for a name that has a place of its own.
  Age find_youngest(std::uint8_t place, std::string_view value) const;

  // RFC 7541, 4.1
  static std::size_t bytes_of(std::string_view name, std::string_view value) {
    return kEntryOverhead + name.size() + value.size();
  }
  // Evicts the oldest until there is room. Requires: bytes_of() <= limit().
  void add(const Field& field);
  void set_limit(std::uint32_t limit);
  std::size_t allocated_bytes() const;

  // Notes that a field of that hash is sent. True if one was not long ago.
  bool note_sent(std::uint32_t hash);

private:
  static constexpr std::size_t kEntryOverhead = 32;
  static constexpr std::size_t kFirstCapacity = 1024;
  static constexpr std::size_t kBuckets = 64;
  static constexpr std::size_t kSent = 64;

  // Sizes fit since no entry is larger than kTableBytes.
  struct Entry {
    std::uint32_t hash;
    std::uint16_t at; // in texts_: the name unless it has a place of its own, then the value
    std::uint16_t name_size;
    std::uint16_t value_size;
    std::uint8_t place;
  };
  // The position of an entry in the ring; fits, as do all in a bucket.
  using Position = std::uint8_t;
  static_assert(kTableBytes / kEntryOverhead <= 256);
  using Bucket = std::uint32_t; // four positions, the youngest lowest

  DynamicTable(std::uint32_t limit, std::size_t capacity);
  static std::size_t stored_name_size(const Entry& entry) {
    return entry.place < kFirstShared ? 0 : entry.name_size;
  }

  Age age_at(std::size_t position) const {
    return (added_ - 1 - static_cast<Age>(position)) & mask_;
  }
  const Entry& entry_of(Age age) const { return entries_[(added_ - 1 - age) & mask_]; }
  bool is_text(std::size_t at, std::string_view text) const;
  bool is_text_around_the_end(std::size_t at, std::string_view text) const;
  bool is_name(const Entry& entry, std::uint8_t place, std::string_view name) const;
  bool is_value(const Entry& entry, std::string_view value) const;
  void put_text(std::string_view text);
  void put_entry(const Entry& entry);
  void evict_to(std::size_t bytes);
  void grow(std::size_t bytes);

  std::uint32_t limit_;
  std::uint32_t mask_;      // of positions
  std::uint32_t added_ = 0; // entries since the start
  std::uint32_t size_ = 0;  // entries
  std::size_t bytes_ = 0;   // as RFC 7541, 4.1 counts; never more than capacity_ or limit_
  // A power of two. Texts take less than bytes_, so a ring of capacity_ bytes holds them all.
  std::size_t capacity_;
  std::size_t text_end_ = 0;
  std::unique_ptr<Entry[]> entries_; // capacity_ / kEntryOverhead of them
  std::unique_ptr<char[]> texts_;
  std::array<Position, kPlaces> youngest_{};
  std::array<Bucket, kBuckets> buckets_{};
  std::array<std::uint16_t, kSent> sent_{};
};

// --- what every field of a response runs through

inline bool DynamicTable::is_text(std::size_t at, std::string_view text) const {
  at &= capacity_ - 1;
  const std::size_t first = capacity_ - at;
  if (text.size() > first) [[unlikely]]
    return is_text_around_the_end(at, text);
  return text == std::string_view(texts_.get() + at, text.size());
}

inline bool DynamicTable::is_name(const Entry& entry, std::uint8_t place,
                                  std::string_view name) const {
  if (entry.place != place) return false;
  return place < kFirstShared || (entry.name_size == name.size() && is_text(entry.at, name));
}

inline bool DynamicTable::is_value(const Entry& entry, std::string_view value) const {
  return entry.value_size == value.size() && is_text(entry.at + stored_name_size(entry), value);
}

inline DynamicTable::Age DynamicTable::find_name(std::uint8_t place, std::string_view name) const {
  const std::size_t position = youngest_[place];
  const Age age = age_at(position);
  if (age >= size_ || !is_name(entries_[position], place, name)) return kNotFound;
  return age;
}

inline DynamicTable::Age DynamicTable::find_youngest(std::uint8_t place,
                                                     std::string_view value) const {
  const std::size_t position = youngest_[place];
  const Age age = age_at(position);
  const Entry& entry = entries_[position];
  const bool is_it = age < size_ && entry.place == place && is_value(entry, value);
  return is_it ? age : kNotFound;
}

inline DynamicTable::Age DynamicTable::find(const Field& field) const {
  Bucket bucket = buckets_[field.hash % kBuckets];
  for (std::size_t i = 0; i < sizeof bucket; ++i, bucket >>= 8) {
    const std::size_t position = bucket & 0xff;
    const Age age = age_at(position);
    const Entry& entry = entries_[position];
    if (entry.hash == field.hash && age < size_ && is_name(entry, field.place, field.name) &&
        is_value(entry, field.value)) {
      return age;
    }
  }
  return kNotFound;
}

inline bool DynamicTable::note_sent(std::uint32_t hash) {
  std::uint16_t& sent = sent_[hash / kBuckets % kSent];
  const auto tag = static_cast<std::uint16_t>(hash >> 16);
  if (sent == tag) return true;
  sent = tag;
  return false;
}

} // namespace selvedge::codec::hpack
