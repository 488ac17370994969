// Field blocks of a connection: HPACK (by nghttp2's inflater), limits, and the rules about fields.
// One at a time, in as many fragments as the client likes; every one is decoded, wanted or not,
// since all share a table (RFC 9113, 4.3). Thread: one.
#pragma once

#include "h2_head_rules.hpp"
#include "h2_session_state.hpp"

#include <memory>

struct nghttp2_hd_inflater;

namespace selvedge::codec::h2 {

enum class BlockKind : std::uint8_t {
  request,
  trailers,
  unwanted, // decoded, and that is all
};

class HeadReader {
public:
  explicit HeadReader(SessionState& state) : state_(state) {}

  void begin(BlockKind kind);
  // Decodes a fragment. The fields of a request go to the events of `stream`, unless it is null or
  // the request is malformed. Anything but no_error is an error of the connection.
  ResetCode read(std::string_view fragment, bool is_last, Stream* stream);

  // A field was not as it must be, or, behind the last fragment, the whole is not.
  bool is_malformed() const { return is_malformed_; }
  const HeadRules& rules() const { return rules_; }

private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  void take(const http::Field& field, Stream* stream);

  SessionState& state_;
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_; // from the first block on
  BlockKind kind_ = BlockKind::unwanted;
  bool is_malformed_ = false;
  std::size_t wire_bytes_ = 0;
  std::size_t decoded_bytes_ = 0;
  std::size_t empty_fragments_ = 0;
  HeadRules rules_;
};

} // namespace selvedge::codec::h2
