// nghttp2's reader of HPACK, for blocks that the node writes.
#pragma once

#include <nghttp2/nghttp2.h>

#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::test {

struct DecodedField {
  std::string name;
  std::string value;
  bool is_never_indexed = false;
  friend bool operator==(const DecodedField&, const DecodedField&) = default;
};

class HpackDecoder {
public:
  HpackDecoder() {
    if (nghttp2_hd_inflate_new(&inflater_) != 0) throw std::bad_alloc();
  }
  ~HpackDecoder() { nghttp2_hd_inflate_del(inflater_); }
  HpackDecoder(const HpackDecoder&) = delete;
  HpackDecoder& operator=(const HpackDecoder&) = delete;

  // As if the peer had acknowledged it.
  void set_limit(std::size_t bytes) { nghttp2_hd_inflate_change_table_size(inflater_, bytes); }

  // Nothing if the block is malformed; the decoder is of no use then.
  std::optional<std::vector<DecodedField>> read(std::string_view block) {
    std::vector<DecodedField> fields;
    const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
    const std::uint8_t* const end = at + block.size();
    for (;;) {
      nghttp2_nv read;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &read, &flags, at,
                                                  static_cast<std::size_t>(end - at), 1);
      if (used < 0) return std::nullopt;
      at += used;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        fields.push_back({{reinterpret_cast<const char*>(read.name), read.namelen},
                          {reinterpret_cast<const char*>(read.value), read.valuelen},
                          (read.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && at == end) return std::nullopt;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    if (at != end) return std::nullopt;
    return fields;
  }

  // The dynamic table, from the youngest entry to the oldest.
  std::vector<DecodedField> table() const {
    std::vector<DecodedField> fields;
    const std::size_t entries = nghttp2_hd_inflate_get_num_table_entries(inflater_);
    for (std::size_t index = kStaticEntries + 1; index <= entries; ++index) {
      const nghttp2_nv* entry = nghttp2_hd_inflate_get_table_entry(inflater_, index);
      fields.push_back({{reinterpret_cast<const char*>(entry->name), entry->namelen},
                        {reinterpret_cast<const char*>(entry->value), entry->valuelen},
                        false});
    }
    return fields;
  }
  std::size_t table_bytes() const { return nghttp2_hd_inflate_get_dynamic_table_size(inflater_); }
  std::size_t table_limit() const {
    return nghttp2_hd_inflate_get_max_dynamic_table_size(inflater_);
  }

private:
  static constexpr std::size_t kStaticEntries = 61;
  nghttp2_hd_inflater* inflater_ = nullptr;
};

} // namespace selvedge::test
