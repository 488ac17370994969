// What a server says, written straight into the caller's block: answers to frames first, then heads
// of responses in the order they came, then content by priority and windows (RFC 9113, 5.2 and 6.1;
// RFC 9218, 10). Thread: one.
#pragma once

#include "h2_block.hpp"
#include "h2_session_state.hpp"

#include <span>

namespace selvedge::codec::h2 {

class Sender {
public:
  explicit Sender(SessionState& state) : state_(state) {}

  std::size_t send(std::span<char> out);
  bool has_pending_output() const;

private:
  // How far a DATA frame has come.
  struct Content {
    std::size_t size = 0;
    bool has_ended = false;
    bool is_pending = false;
    bool has_failed = false;
  };

  void fill(Block& block);
  bool close_reset_streams();
  // False: the block is full.
  bool send_next(Block& block);
  bool send_head(Stream& stream, Block& block);
  bool send_content(Stream& stream, Block& block);
  Content read_content(Stream& stream, char* to, std::size_t most);
  void end_content(Stream& stream, Block& block, std::size_t size);
  void end_response(Stream& stream);
  static void wait(Stream& stream, Sending what_for);
  void write_data(Stream& stream, Block& block, std::size_t size, std::uint8_t flags);

  SessionState& state_;
  ByteQueue staged_;    // of a block too small to be filled directly
  ByteQueue long_head_; // that does not fit into a block
};

} // namespace selvedge::codec::h2
