// One exchange with a server over HTTP/1.1: the request out, the head in, the content piece by
// piece.
#pragma once

#include "http_origin.hpp"
#include "server_connection.hpp"

#include <selvedge/base/arena.hpp>
#include <selvedge/codec/h1_parser.hpp>
#include <selvedge/net/event.hpp>

#include <memory>
#include <optional>

namespace selvedge::upstream {

class HttpResponse final : public OriginResponse {
public:
  HttpResponse(std::shared_ptr<HttpOrigin> origin, std::size_t server,
               std::shared_ptr<ServerConnection> connection, const FetchRequest& request);
  ~HttpResponse() override;

  // Sends the request and reads the head of the answer; interim ones (1xx) before it go to
  // the request's sink.
  boost::asio::awaitable<base::Result<void>> begin();
  boost::asio::awaitable<base::Result<std::string_view>> read() override;

private:
  class Upload;

  std::string request_head() const;
  boost::asio::awaitable<base::Result<void>> read_head();
  boost::asio::awaitable<base::Result<void>> read_more(std::chrono::milliseconds timeout);
  base::Result<std::string_view> parse_content();
  void begin_head();
  base::Result<void> take_interim();
  void finish();

  std::shared_ptr<HttpOrigin> origin_;
  std::size_t server_;
  std::shared_ptr<ServerConnection> connection_; // shared with an upload that is still under way
  FetchRequest request_;
  base::Arena arena_;
  std::optional<codec::h1::ResponseParser> parser_;
  std::shared_ptr<Upload> upload_;
  std::string kept_;       // bytes that the parser could not use yet
  std::string_view input_; // of kept_ or of the connection's buffer
  unsigned interim_responses_ = 0;
  bool stream_ended_ = false;
  bool is_finished_ = false;
};

} // namespace selvedge::upstream
