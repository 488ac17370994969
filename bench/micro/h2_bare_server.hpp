// nghttp2's server with nothing around it: it answers every request with the same fields and the
// same content, and looks at none of them. What HTTP/2 costs before anybody has done anything.
#pragma once

#include "h2_tape.hpp"

#include <selvedge/http/head_block.hpp>

#include <nghttp2/nghttp2.h>

#include <span>
#include <string>
#include <vector>

namespace selvedge::bench {

class BareH2Server final : public H2Server {
public:
  // The fields of `block`, then `fields`, which both outlive the server, and their content-length.
  BareH2Server(const http::HeadBlock& block, std::span<const http::Field> fields,
               std::size_t content_bytes);
  ~BareH2Server() override;
  BareH2Server(const BareH2Server&) = delete;
  BareH2Server& operator=(const BareH2Server&) = delete;

  std::string_view say(std::string_view bytes) override;

private:
  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static ssize_t read_content(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source*, void* user);
  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* user);
  void add(std::string_view name, std::string_view value);

  nghttp2_session* session_ = nullptr;
  const std::string content_;
  const std::string content_length_;
  std::vector<nghttp2_nv> fields_;
  std::string output_;
};

} // namespace selvedge::bench
