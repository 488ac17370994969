// One exchange with a server over HTTP/2: a stream of a connection. What has arrived waits here
// until it is read, and the server may send more only then; the content of the request goes out as
// the server's windows let it.
// Thread: one worker.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/base/timer_wheel.hpp>
#include <selvedge/net/event.hpp>
#include <selvedge/upstream/origin.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace selvedge::upstream {

class H2ServerConnection;

using H2StreamHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct H2StreamTag>>;

class H2Response final : public OriginResponse,
                         public H2StreamHook,
                         private Cancellation::Target,
                         private http::BodySink {
public:
  // `keep` lives as long as the response does.
  H2Response(boost::intrusive_ptr<H2ServerConnection> connection, const FetchRequest& request,
             std::shared_ptr<const void> keep);
  ~H2Response() override;

  // Sends the request and waits for the head of the answer; interim ones (1xx) before it go to the
  // request's sink.
  boost::asio::awaitable<base::Result<void>> begin();
  boost::asio::awaitable<base::Result<std::string_view>> read() override { return read_into({}); }
  boost::asio::awaitable<base::Result<std::string_view>> read_into(std::span<char> room) override;

  // --- Events of the stream, told by the session.
  void on_sent(); // the head of the request
  void on_head_begin();
  void on_field(std::string_view name, std::string_view value);
  void on_head_end();
  void on_content(std::string_view bytes);
  void on_end();   // the answer is complete
  void on_reset(); // by the server
  void on_closed(std::uint32_t code);
  struct Piece {
    http::BodyState state = http::BodyState::pending;
    std::size_t bytes = 0; // also with `end`
  };
  // The next content of the request, written to the front of `room`.
  Piece take_content(std::span<char> room);

  // --- Told by the connection, which has ended.
  void on_lost(base::ErrorCode code);

private:
  struct Deadline final : base::Timer {
    explicit Deadline(H2Response& r) : response(r) {}
    void on_timeout() override { response.on_deadline(); }
    H2Response& response;
  };
  void cancel() override;
  void on_body_ready() override;
  void on_deadline();

  bool is_open() const { return H2StreamHook::is_linked(); } // the session knows its stream
  void read_status(std::string_view digits);
  void add_field(std::string_view name, std::string_view value);
  void take_interim();
  void arm_for_head();
  void fail(base::ErrorCode code, base::ErrorSource source = base::ErrorSource::upstream);
  void set_error(base::Error error);
  void leave();
  void stop_upload();
  void finish();
  void discard();
  std::string_view take(std::span<char> room);

  boost::intrusive_ptr<H2ServerConnection> connection_;
  std::shared_ptr<const void> keep_;
  FetchRequest request_;
  base::Arena arena_;
  net::Event progress_;
  Deadline deadline_{*this};
  std::int32_t id_ = 0;
  std::optional<base::Error> error_; // the answer will not be complete
  // Content: it is written to the room of a reader that waits, else it is kept.
  std::span<char> room_;
  std::size_t filled_ = 0; // of room_
  std::string arrived_;
  std::string given_; // to the reader, until its next call
  std::size_t head_size_ = 0;
  unsigned interim_responses_ = 0;
  http::BodySource* content_ = nullptr; // of the request, while it is sent
  bool is_uploaded_ = false;
  bool is_reused_ = false; // its connection carried requests before
  bool is_sent_ = false;
  bool has_answer_ = false; // something of it came
  bool has_head_ = false;
  bool has_ended_ = false; // nothing is missing
  bool was_reset_ = false; // by the server
  bool is_finished_ = false;
};

} // namespace selvedge::upstream
