// The head of a request as HTTP/2 sends it (RFC 9113, 8.3.1): pseudo-header fields first, nothing
// that is about one connection. It refers to the text it is made from; the session copies that.
// Thread: one.
#pragma once

#include <selvedge/http/head.hpp>

#include <boost/container/small_vector.hpp>

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace selvedge::upstream {

class H2RequestHead {
public:
  struct To {
    std::string_view authority;
    bool is_secure = false;
    bool has_content = false;
  };
  // Requires: `head` and `to.authority` outlive this.
  H2RequestHead(const http::RequestHead& head, const To& to);
  H2RequestHead(const H2RequestHead&) = delete;
  H2RequestHead& operator=(const H2RequestHead&) = delete;

  std::span<const nghttp2_nv> fields() const { return {fields_.data(), fields_.size()}; }
  bool has_content() const { return has_content_; }

private:
  void add(std::string_view name, std::string_view value,
           std::uint8_t flags = NGHTTP2_NV_FLAG_NONE);
  void add_content_length(const http::RequestHead& head);

  boost::container::small_vector<nghttp2_nv, 32> fields_;
  std::array<char, 20> digits_; // of the content's length
  bool has_content_;
};

} // namespace selvedge::upstream
