// HTTP/2 towards a client: many streams, one session, one output.
#pragma once

#include "connection.hpp"

#include <selvedge/codec/h2_session.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace selvedge::downstream {

class H2Connection;

class H2Stream final : public Stream,
                       public boost::intrusive::list_base_hook<>,
                       private RequestContent::Supplier {
public:
  void open(H2Connection& connection, codec::h2::StreamId id);

  void inform(http::Status status, std::span<const http::Field> fields) override;
  void respond(const Response& response) override;
  bool has_responded() const override { return has_responded_; }
  void abort() override;
  void on_body_ready() override;
  std::uint8_t urgency() const override;

private:
  friend class H2Connection;
  friend struct SoonerServed;
  void on_content_used(std::size_t bytes) override;
  void add_field(const http::Field& field);
  void add_pseudo_field(std::string_view name, std::string_view value);
  base::Result<void> finish_head(bool has_content);
  base::Result<void> finish_authority();
  bool awaits_content() const; // of its client, who may send some
  bool is_half_done() const { return is_answer_sent_ && !is_request_complete_; }
  bool has_ready_content() const; // for its client

  H2Connection* connection_ = nullptr; // null once the stream is over
  codec::h2::StreamId id_ = 0;
  http::BodySource* answer_content_ = nullptr;
  base::Steady waits_since_{}; // for its turn
  base::Steady content_at_{};  // of the request: when the last of it came, or could come again
  base::Steady progress_at_{}; // of the answer: when the client had taken enough of it
  std::uint64_t seen_sent_ = 0;
  std::uint64_t seen_received_ = 0; // of the request's content, at content_at_
  std::size_t head_bytes_ = 0;
  std::size_t discarded_ = 0;
  bool has_responded_ = false;
  bool is_answer_sent_ = false;
  bool is_request_complete_ = false;
  bool is_waiting_ = false; // in waiting_ of its connection
  bool expects_continue_ = false;
  bool waits_for_end_ = false; // of a request that should have no content: nothing is done before
  bool is_held_back_ = false;  // at the last look at the clock: nothing was awaited of it
  bool has_other_scheme_ = false;
  base::ErrorCode refusal_ = base::ErrorCode::none;
};

// Streams of closed requests, ready for the next: they are large, and made for each request.
class H2StreamPool {
public:
  std::unique_ptr<H2Stream> take();
  void give_back(std::unique_ptr<H2Stream> stream);

private:
  static constexpr std::size_t kKept = 1024;
  std::vector<std::unique_ptr<H2Stream>> free_;
};

class H2Connection final : public Connection, private codec::h2::ServerEvents {
public:
  H2Connection(Arrival arrival, ConnectionSet& set, RequestHandler& handler, H2StreamPool& pool);
  ~H2Connection() override;

  void begin_drain() override;
  void schedule_flush();
  codec::h2::ServerSession& session() { return session_; }

private:
  friend class H2Stream;

  void on_input(std::string_view bytes) override;
  void on_end_of_input() override { close(); }
  void on_output_drained() override;
  void on_timeout() override;
  void on_closing() override;
  void on_turn() override;

  void* on_stream_begin(codec::h2::StreamId id) override;
  void on_field(void* stream, const http::Field& field) override;
  void on_head_end(void* stream, bool has_content) override;
  void on_content(void* stream, std::string_view bytes) override;
  void on_request_end(void* stream) override;
  void on_response_sent(void* stream) override;
  void on_stream_closed(void* stream, std::uint32_t error_code) override;
  http::BodySource& content_of(void* stream) override;

  void wait_for_turn(H2Stream& stream);
  void serve_waiting();
  void serve(H2Stream& stream);
  void discard(H2Stream& stream, std::size_t bytes);
  void refuse_crowded(H2Stream& stream);
  void give_up_content(H2Stream& stream, base::ErrorCode refusal);
  base::Result<void> receive(std::string_view bytes);
  void flush();
  void end_all(bool is_fault);
  void begin_goodbye();
  void set_timer();
  void end_stream(H2Stream& stream, bool is_complete);

  // --- of clients that are slow: h2_deadlines.cpp
  void arm_at_most(std::chrono::milliseconds delay);
  void note_input();
  void restart_clocks();
  std::chrono::milliseconds look_at_clock();
  std::chrono::milliseconds look_at_streams();
  std::chrono::milliseconds look_at_request(H2Stream& stream, bool may_send);
  std::chrono::milliseconds look_at_answer(H2Stream& stream);
  std::chrono::milliseconds look_at_window(bool has_ready);
  void end_slow_content(H2Stream& stream);
  void end_politely(codec::h2::ResetCode code);

  // Of one write: what a client does not read is kept for it, so who has not yet taken so much at
  // once, or was slow lately, is given less.
  static constexpr std::size_t kFirstBlock = 65536;

  H2StreamPool& pool_;
  codec::h2::ServerSession session_;
  boost::intrusive::list<H2Stream> streams_;
  std::vector<H2Stream*> waiting_; // whose heads are complete, in the order they are to be served
  std::size_t block_bytes_ = kFirstBlock;
  base::Steady armed_until_{};              // the timer fires then, or before
  base::Steady input_at_{};                 // the last
  base::Steady blocked_at_{};               // since then its socket has taken nothing
  base::Steady stream_at_{};                // the last one began or ended then
  std::optional<base::Steady> frame_began_; // that has not ended
  std::uint64_t frames_received_ = 0;
  base::Steady progress_at_{}; // when the client had taken enough of all answers
  std::uint64_t seen_sent_ = 0;
  std::uint32_t requests_ = 0;
  bool has_rest_ = false;      // of a read, which the next turn goes on with
  bool is_in_session_ = false; // or something else that ends in flush()
  bool is_draining_ = false;
  bool has_said_goodbye_ = false;
};

} // namespace selvedge::downstream
