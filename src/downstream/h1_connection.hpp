// HTTP/1.1 towards a client: one request at a time, answers in order. Pipelined requests wait in
// the kept input; answers that are ready at once leave together in one write.
#pragma once

#include "connection.hpp"

#include <selvedge/codec/h1_parser.hpp>
#include <selvedge/codec/h1_writer.hpp>

#include <optional>
#include <string>

namespace selvedge::downstream {

class H1Connection final : public Connection, public Stream, private RequestContent::Supplier {
public:
  H1Connection(Arrival arrival, ConnectionSet& set, RequestHandler& handler);
  ~H1Connection() override = default;

  void begin_drain() override;

  // Stream
  void inform(http::Status status, std::span<const http::Field> fields) override;
  void respond(const Response& response) override;
  bool has_responded() const override { return answer_.has_begun; }
  void abort() override;
  void on_body_ready() override;

private:
  using Connection::client_;
  using Connection::worker;

  // Where the request is. The answer has a state of its own: either may end first.
  enum class Request : std::uint8_t { none, head, content, complete };

  struct Answer {
    bool has_begun = false;
    bool closes = false;
    codec::h1::Framing framing = codec::h1::Framing::none;
    http::BodySource* content = nullptr;
    std::uint64_t chunk_left = 0;  // bytes of the current chunk that are still to be written
    bool owes_crlf = false;        // the end of a chunk, written with what comes next
    std::uint64_t length_left = 0; // with content-length
    std::uint64_t written = 0;
  };

  void on_input(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_output_drained() override;
  void on_timeout() override;
  void on_closing() override;
  void on_turn() override;
  void on_content_used(std::size_t bytes) override;

  std::size_t use(std::string_view bytes); // how much of it
  void begin_request();
  bool step(std::string_view bytes, std::size_t& used);
  void start_exchange();
  void serve();
  void take_content(std::string_view bytes);
  void refuse_crowded();
  void refuse(base::Error error);

  void append_interim();
  void flush_interim();
  void write_head(const Response& response);
  void pump();
  bool pump_once();
  std::size_t write_content(std::span<const std::string_view> views, std::uint64_t size);
  void end_answer(bool is_complete);
  void give_up_answer();
  void flush_block();
  std::string_view block();
  void append_to_block(std::string_view text);
  void end_chunked();
  void set_timer();
  void arm_unless_over(std::chrono::milliseconds left);
  std::chrono::milliseconds head_time_left();
  std::chrono::milliseconds content_time_left();

  std::optional<codec::h1::RequestParser> parser_;
  Request state_ = Request::none;
  Answer answer_;
  std::string interim_;        // interim responses of this request that are about to go out
  std::size_t block_size_ = 0; // bytes of this turn in the worker's output buffer
  std::size_t empty_line_bytes_ = 0;
  base::Steady content_at_{};      // the content began or went on then, or could do so again
  std::uint64_t content_seen_ = 0; // bytes of it that had come by then
  std::uint64_t answer_seen_ = 0;  // and of the answer that had gone out
  std::uint32_t requests_ = 0;
  bool is_refused_ = false;
  bool is_in_handler_ = false;
  bool is_using_input_ = false;
  bool is_postponed_ = false;     // the request: who asks turned out to matter less than others do
  bool has_had_its_turn_ = false; // more requests are there, others are first
};

} // namespace selvedge::downstream
