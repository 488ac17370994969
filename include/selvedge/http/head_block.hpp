// The fields of a response, kept in one allocation in the two forms the wires need: "name:
// value\r\n" lines for HTTP/1.1 and a name/value array for HTTP/2. Built once, then immutable;
// serving a stored head is one copy or one array of pointers. Thread: any, after construction.
#pragma once

#include <selvedge/http/field.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace selvedge::http {

class HeadBlock {
public:
  HeadBlock() = default;
  // Copies every field of the list; names become lower case. Framing and hop-by-hop fields must
  // have been removed.
  explicit HeadBlock(const FieldList& fields);
  HeadBlock(HeadBlock&&) noexcept = default;
  HeadBlock& operator=(HeadBlock&&) noexcept = default;

  std::span<const Field> fields() const { return {fields_, count_}; }
  std::string_view wire() const {
    return wire_;
  } // lines, each ending in CRLF, without the empty line
  const Field* find(FieldName id) const;
  std::string_view value(FieldName id) const; // the first, or ""
  std::size_t allocated_bytes() const { return allocated_; }

private:
  std::unique_ptr<std::byte[]> memory_;
  const Field* fields_ = nullptr;
  std::size_t count_ = 0;
  std::string_view wire_;
  std::size_t allocated_ = 0;
};

} // namespace selvedge::http
