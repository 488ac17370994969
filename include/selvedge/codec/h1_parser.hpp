// HTTP/1.1 messages from bytes (RFC 9112). Beast's parser reads the grammar; what it tolerates and
// a proxy must not (RFC 9112, 11: smuggling and splitting) is refused here. Text is copied into the
// arena, content is handed out as views of the input.
// Thread: one.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/base/error.hpp>
#include <selvedge/http/head.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <string_view>

namespace selvedge::codec::h1 {

struct HeadLimits {
  // Without the target; also, together, of all that comes with chunked content: extensions,
  // trailers, zeros before sizes.
  std::size_t head_bytes = 32768;
  std::size_t fields = 128;
  std::size_t target_bytes = 8192;
};

// One step: how much was used, and content, if the step met some.
struct Step {
  std::size_t used = 0;
  std::string_view content; // a view of the input
  bool needs_more = false;  // nothing can be done with these bytes alone: keep them, bring more
};

// What requests and responses have in common: fields, framing and content.
template <bool is_request> class Parser : protected boost::beast::http::basic_parser<is_request> {
  using Base = boost::beast::http::basic_parser<is_request>;

public:
  Parser(base::Arena& arena, const HeadLimits& limits);

  // Reads up to the end of the head, then piece by piece. Call again with what was not used; with
  // needs_more, with the same bytes and more behind them.
  base::Result<Step> feed(std::string_view input);
  // The peer closed. Content that ends with the connection is complete; anything else is an error.
  base::Result<void> feed_end();

  bool is_head_done() const { return Base::is_header_done(); }
  bool is_done() const { return Base::is_done(); }
  bool has_begun() const { return Base::got_some(); }
  bool is_chunked() const { return Base::chunked(); }
  bool may_keep_alive() const { return Base::keep_alive(); }

protected:
  using Text = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  void refuse(base::ErrorCode code, ErrorCode& error);
  void note_start_line() { has_start_line_ = true; }
  void set_fields(http::FieldList& fields) { fields_ = &fields; }
  void set_trailers(http::FieldList& trailers) { trailers_ = &trailers; }

  base::Arena& arena_;
  HeadLimits limits_;

private:
  base::Result<Step> put(std::string_view input);
  base::Result<Step> feed_head(std::string_view input);
  base::Result<Step> feed_content(std::string_view input);
  base::Result<Step> charge_framing(const Step& step);
  bool is_folded(std::string_view name, std::string_view value) const;
  base::ErrorCode check_framing(http::FieldName name, std::string_view value);
  void on_field_impl(boost::beast::http::field, Text name, Text value, ErrorCode& error) override;
  // Boost 1.87 and later call this for trailers.
  void on_trailer_field_impl(boost::beast::http::field field, Text name, Text value,
                             ErrorCode& error) {
    on_field_impl(field, name, value, error);
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text body, ErrorCode&) override;
  void on_chunk_header_impl(std::uint64_t size, Text extensions, ErrorCode& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) override;
  void on_finish_impl(ErrorCode&) override {}

  http::FieldList* fields_ = nullptr;
  http::FieldList* trailers_ = nullptr; // null: they are dropped
  std::string_view input_;
  std::string_view content_;
  std::size_t head_used_ = 0;    // bytes of the head so far
  std::uint64_t chunk_left_ = 0; // bytes of the chunk that are still to come
  std::size_t framing_left_;     // bytes that the framing of chunks may still have
  bool is_last_chunk_ = false;   // trailers follow
  bool has_length_ = false;
  bool has_start_line_ = false;
  std::size_t field_count_ = 0;
  std::size_t field_bytes_ = 0;
  base::ErrorCode refusal_ = base::ErrorCode::none;
};

class RequestParser final : public Parser<true> {
public:
  // Fills `head`, which outlives the parser; its text lives in the arena.
  RequestParser(http::RequestHead& head, base::Arena& arena, const HeadLimits& limits);
  // To be called once the head is done: checks that it is one request that only one reading fits,
  // and sets authority and framing. (RFC 9112, 3.2 and 6.)
  base::Result<void> finish_head();
  bool expects_continue() const { return expects_continue_; }

private:
  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version,
                       ErrorCode& error) override;
  void on_response_impl(int, Text, int, ErrorCode&) override {}

  http::RequestHead& head_;
  bool expects_continue_ = false;
};

class ResponseParser final : public Parser<false> {
public:
  ResponseParser(http::ResponseHead& head, base::Arena& arena, const HeadLimits& limits);
  // A response to HEAD, whatever its fields say, has no content. Call before feeding.
  void expect_no_content() { skip(true); }
  base::Result<void> finish_head();
  // The trailer section (RFC 9112, 7.1.2), once is_done().
  const http::FieldList& trailers() const { return trailers_; }

private:
  void on_request_impl(boost::beast::http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int status, Text reason, int version, ErrorCode& error) override;

  http::ResponseHead& head_;
  http::FieldList trailers_;
};

} // namespace selvedge::codec::h1
