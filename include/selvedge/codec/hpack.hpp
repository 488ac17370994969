// HPACK, the sending side (RFC 7541): fields in, a block of header bytes out. One encoder a
// connection and direction, since both ends keep the same dynamic table. Thread: that of the
// connection.
#pragma once

#include <selvedge/http/field.hpp>
#include <selvedge/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace selvedge::codec::hpack {

// The most that the dynamic table takes of what a peer grants; also what both sides start with (RFC
// 9113, 6.5.2).
constexpr std::uint32_t kTableBytes = 4096;

class DynamicTable;

class Encoder {
public:
  Encoder();
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // SETTINGS_HEADER_TABLE_SIZE of the peer; at most kTableBytes of it are used. The next block says
  // so. This and forget() are called between blocks only.
  void set_peer_limit(std::uint32_t bytes);
  // Frees the table, as on a connection that went idle; the next block tells the peer to empty its
  // own.
  void forget();
  // What the table takes now, including this object.
  std::size_t allocated_bytes() const;

  // The most that each of the calls below writes; a block needs the sum.
  static constexpr std::size_t kStartBound = 16;
  static constexpr std::size_t kStatusBound = 16;
  static constexpr std::size_t kContentLengthBound = 32;
  static std::size_t bound(const http::Field& field) {
    return kFieldBound + field.name.size() + field.value.size();
  }
  static std::size_t bound(std::span<const http::Field> fields);
  // start(), status(), content_length() and both lists of fields.
  static std::size_t bound(std::span<const http::Field> stored,
                           std::span<const http::Field> extra) {
    return kStartBound + kStatusBound + kContentLengthBound + bound(stored) + bound(extra);
  }

  // A block, also one of trailers: start(), then status() and fields in their order. Each writes at
  // `to` and returns the end of what it wrote. A block must reach the peer once it was begun, and
  // blocks in their order, since the peer's table follows ours.
  char* start(char* to); // the table size updates that are due (RFC 7541, 4.2)
  char* status(char* to, http::Status status);
  // Requires: the name is in lower case (RFC 9113, 8.2.1), as in a HeadBlock.
  char* field(char* to, const http::Field& field);
  char* content_length(char* to, std::uint64_t length);

private:
  static constexpr std::size_t kFieldBound = 16; // a byte and two lengths

  // Where a name stands in the tables.
  struct Name;
  char* new_field(char* to, const http::Field& field);
  char* unknown_field(char* to, const http::Field& field);
  char* add(char* to, const Name& name, std::string_view value);

  std::unique_ptr<DynamicTable> table_; // made when the first field is sent
  std::uint32_t peer_limit_ = kTableBytes;
  std::uint32_t limit_ = kTableBytes;          // of our table
  std::uint32_t smallest_limit_ = kTableBytes; // since the last block
  bool is_update_due_ = false;
};

} // namespace selvedge::codec::hpack
