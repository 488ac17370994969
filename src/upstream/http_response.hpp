// One exchange with a server over HTTP/1.1: the request out, the head in, the content piece by
// piece.
#pragma once

#include "server.hpp"
#include "server_connection.hpp"

#include <selvedge/base/arena.hpp>
#include <selvedge/codec/h1_parser.hpp>
#include <selvedge/net/event.hpp>

#include <memory>
#include <optional>
#include <span>

namespace selvedge::upstream {

class HttpResponse final : public OriginResponse {
public:
  HttpResponse(std::shared_ptr<Server> server, ServerConnectionPtr connection,
               const FetchRequest& request);
  ~HttpResponse() override;

  // Sends the request and reads the head of the answer; interim ones (1xx) before it go to
  // the request's sink.
  boost::asio::awaitable<base::Result<void>> begin();
  boost::asio::awaitable<base::Result<std::string_view>> read() override { return read_into({}); }
  boost::asio::awaitable<base::Result<std::string_view>> read_into(std::span<char> room) override;

private:
  class Upload;

  base::Result<std::string> request_head() const;
  boost::asio::awaitable<base::Result<void>> read_head();
  std::chrono::milliseconds time_for_head();
  boost::asio::awaitable<base::Result<void>> read_more(std::chrono::milliseconds timeout);
  void take_input(std::string_view bytes);
  base::Result<std::string_view> parse_content();
  void begin_head();
  base::Result<void> take_interim();
  void finish();

  std::shared_ptr<Server> server_;
  ServerConnectionPtr connection_; // shared with an upload that is still under way
  FetchRequest request_;
  base::Arena arena_;
  std::optional<codec::h1::ResponseParser> parser_;
  std::shared_ptr<Upload> upload_;
  base::Steady asked_at_{}; // from when on the server may take its time for the head
  std::unique_ptr<char[]> buffer_;
  std::string kept_;       // bytes that the parser could not use yet
  std::string_view input_; // of kept_, of the buffer or of the reader's room
  unsigned interim_responses_ = 0;
  bool has_final_head_ = false; // an acceptable one
  bool stream_ended_ = false;
  bool is_finished_ = false;
};

} // namespace selvedge::upstream
