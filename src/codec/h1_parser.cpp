#include <selvedge/codec/h1_parser.hpp>

#include <selvedge/codec/request_check.hpp>

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace selvedge::codec::h1 {

namespace beast_http = boost::beast::http;
using base::ErrorSource;
using base::Retry;
using http::FieldName;

namespace {

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Framing and connection fields are read by the parser and never travel on.
bool is_framing(FieldName name) {
  return name == FieldName::content_length || name == FieldName::transfer_encoding;
}

// RFC 9112, 2.3: a version of the form that versions have, but none of ours.
bool has_other_version(std::string_view head) {
  constexpr std::string_view kName = "HTTP/";
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const std::size_t at = line.rfind(' ');
  if (at == std::string_view::npos || !line.substr(at + 1).starts_with(kName)) return false;
  const std::string_view version = line.substr(at + 1 + kName.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version == "1.0" || version == "1.1") return false;
  return version.size() == 3 && is_digit(version[0]) && version[1] == '.' && is_digit(version[2]);
}

// Whether a quoted string (RFC 9110, 5.6.4) has begun and not ended.
bool has_open_quote(std::string_view line) {
  bool is_open = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (is_open && line[i] == '\\')
      ++i;
    else if (line[i] == '"')
      is_open = !is_open;
  }
  return is_open;
}

// Whether a line with the size of a chunk is that of the last one, which trailers follow.
bool is_of_last_chunk(std::string_view line) {
  const std::size_t size = std::min(line.find_first_not_of('0'), line.size());
  return size > 0 && (size == line.size() || line[size] == ';');
}

// Requires: `text` begins at the beginning of a line.
bool has_bare_line_feed(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

} // namespace

template <bool is_request>
Parser<is_request>::Parser(base::Arena& arena, const HeadLimits& limits)
    : arena_(arena), limits_(limits), framing_left_(limits.head_bytes) {
  Base::eager(false);
  Base::header_limit(std::numeric_limits<std::uint32_t>::max()); // feed_head() has the limit
  Base::body_limit(boost::none);
}

template <bool is_request> void Parser<is_request>::refuse(base::ErrorCode code, ErrorCode& error) {
  refusal_ = code;
  error = beast_http::make_error_code(beast_http::error::bad_field);
}

template <bool is_request> base::Result<Step> Parser<is_request>::feed(std::string_view input) {
  return is_head_done() ? feed_content(input) : feed_head(input);
}

template <bool is_request>
base::Result<Step> Parser<is_request>::feed_head(std::string_view input) {
  // Beast's own limit begins anew after each field: a head that comes in pieces would have none.
  const std::size_t room = limits_.head_bytes + limits_.target_bytes - head_used_;
  const std::string_view head = input.substr(0, room);
  const base::Result<Step> step = put(head);
  if (!step) return step;
  head_used_ += step->used;
  if (!step->needs_more) return step;
  if (has_bare_line_feed(input.substr(step->used))) {
    // Beast waits for CRLF CRLF, which somebody who ends lines with LF never sends.
    if (is_request) return base::Error{base::ErrorCode::bad_request, ErrorSource::downstream};
    return base::Error{base::ErrorCode::protocol, ErrorSource::upstream};
  }
  if (input.size() <= room) return step;
  if (!is_request) return base::Error{base::ErrorCode::too_large, ErrorSource::upstream};
  const bool is_target = !has_start_line_ && head.find('\n') > limits_.target_bytes;
  return base::Error{is_target ? base::ErrorCode::target_too_long : base::ErrorCode::head_too_large,
                     ErrorSource::downstream};
}

template <bool is_request>
base::Result<Step> Parser<is_request>::feed_content(std::string_view input) {
  // Beast asserts that a last chunk it has begun with has the five bytes of "0\r\n\r\n".
  const bool is_short = is_chunked() && chunk_left_ == 0 && input.size() < 5;
  const bool is_begun_end = is_short && !input.empty() && input.front() == '0';
  input_ = input;
  const base::Result<Step> step =
      input.empty() || is_begun_end ? base::Result<Step>(Step{0, {}, true}) : put(input);
  if (!step) return step;
  if (is_chunked()) return charge_framing(*step);
  return step;
}

// Only the framing of chunks is waited for. Without a limit, extensions and trailers would never
// end; what ends lines with LF alone never ends them for us.
template <bool is_request> base::Result<Step> Parser<is_request>::charge_framing(const Step& step) {
  constexpr std::size_t kUsual = 24; // of one chunk: a size and two line ends
  constexpr ErrorSource source = is_request ? ErrorSource::downstream : ErrorSource::upstream;
  constexpr base::Error kBad{is_request ? base::ErrorCode::bad_request : base::ErrorCode::protocol,
                             source};
  const std::string_view rest = input_.substr(step.used);
  std::size_t bytes = step.used - step.content.size();
  bytes -= std::min(bytes, kUsual);
  if (step.needs_more) {
    const std::size_t begin = rest.starts_with("\r\n") ? 2 : 0; // the end of the chunk before
    const std::string_view line = rest.substr(begin, rest.substr(begin).find('\r'));
    const bool is_whole = begin + line.size() < rest.size();
    if (has_bare_line_feed(rest) || (is_whole && has_open_quote(line))) return kBad;
    is_last_chunk_ = is_whole && is_of_last_chunk(line);
  }
  const bool is_endless = step.needs_more && rest.size() > framing_left_;
  if (bytes > framing_left_ || is_endless) {
    if (!is_request) return base::Error{base::ErrorCode::too_large, source};
    return is_last_chunk_ ? base::Error{base::ErrorCode::head_too_large, source} : kBad;
  }
  framing_left_ -= bytes;
  return step;
}

template <bool is_request>
void Parser<is_request>::on_chunk_header_impl(std::uint64_t size, Text extensions,
                                              ErrorCode& error) {
  chunk_left_ = size;
  is_last_chunk_ = size == 0;
  // Beast lets control characters pass in quoted strings, line ends too.
  if (http::is_field_value(view(extensions))) return;
  refuse(is_request ? base::ErrorCode::bad_request : base::ErrorCode::protocol, error);
}

template <bool is_request> base::Result<Step> Parser<is_request>::put(std::string_view input) {
  constexpr ErrorSource source = is_request ? ErrorSource::downstream : ErrorSource::upstream;
  input_ = input;
  content_ = {};
  ErrorCode error;
  const std::size_t used = Base::put(boost::asio::const_buffer(input.data(), input.size()), error);
  if (error == beast_http::error::need_more) return Step{used, content_, true};
  if (!error) return Step{used, content_, false};
  base::ErrorCode code = is_request ? base::ErrorCode::bad_request : base::ErrorCode::protocol;
  if (refusal_ != base::ErrorCode::none) {
    code = refusal_;
  } else if (error == beast_http::error::header_limit) {
    code = is_request ? base::ErrorCode::head_too_large : base::ErrorCode::too_large;
  } else if (is_request && error == beast_http::error::bad_version && has_other_version(input)) {
    code = base::ErrorCode::http_version;
  }
  return base::Error{code, source};
}

template <bool is_request> base::Result<void> Parser<is_request>::feed_end() {
  constexpr ErrorSource source = is_request ? ErrorSource::downstream : ErrorSource::upstream;
  if (is_done()) return {};
  if (!has_begun()) return base::Error{base::ErrorCode::closed, source};
  ErrorCode error;
  Base::put_eof(error);
  if (error) return base::Error{base::ErrorCode::closed, source};
  return {};
}

// obs-fold (RFC 9112, 5.2). Beast puts the lines together outside of the input, but where the first
// one was empty the value is simply on another line than the name.
template <bool is_request>
bool Parser<is_request>::is_folded(std::string_view name, std::string_view value) const {
  const std::less<> before;
  const char* const begin = name.data() + name.size();
  const char* const end = input_.data() + input_.size();
  if (before(value.data(), begin) || before(end, value.data())) return true;
  const std::string_view between(begin, static_cast<std::size_t>(value.data() - begin));
  return between.find('\n') != std::string_view::npos;
}

template <bool is_request>
void Parser<is_request>::on_field_impl(beast_http::field, Text name, Text value, ErrorCode& error) {
  const std::string_view text = view(value);
  if (is_folded(view(name), text)) {
    return refuse(is_request ? base::ErrorCode::bad_request : base::ErrorCode::protocol, error);
  }
  field_bytes_ += name.size() + value.size() + 4;
  if (++field_count_ > limits_.fields || field_bytes_ > limits_.head_bytes) {
    return refuse(is_request ? base::ErrorCode::head_too_large : base::ErrorCode::too_large, error);
  }
  const FieldName id = http::field_name_of(view(name));
  if (!Base::is_header_done()) {
    const base::ErrorCode fault = check_framing(id, text);
    if (fault != base::ErrorCode::none) {
      return refuse(is_request ? fault : base::ErrorCode::protocol, error);
    }
  }
  // Behind the content come trailers; those of a request are not used.
  http::FieldList* to = Base::is_header_done() ? trailers_ : fields_;
  if (to == nullptr || is_framing(id)) return;
  to->add(http::Field{id, id == FieldName::unknown ? arena_.copy(view(name)) : text_of(id),
                      arena_.copy(text)});
}

// What leaves room for two readings. RFC 9112, 6.1: of codings only chunked is known here, and a
// request that has others before it is one that somebody else might understand. RFC 9110, 8.6 lets
// a recipient refuse a length that is told twice, though it were the same.
template <bool is_request>
base::ErrorCode Parser<is_request>::check_framing(FieldName name, std::string_view value) {
  if (name == FieldName::content_length) {
    const bool is_one = value.find_first_not_of("0123456789") == std::string_view::npos;
    return is_one && !std::exchange(has_length_, true) ? base::ErrorCode::none
                                                       : base::ErrorCode::bad_request;
  }
  if (name != FieldName::transfer_encoding || http::equals_ignoring_case(value, "chunked")) {
    return base::ErrorCode::none;
  }
  bool are_codings = true;
  std::string_view last;
  std::size_t chunks = 0;
  http::for_each_element(value, [&](std::string_view coding) {
    are_codings = are_codings && http::is_token(coding);
    last = coding;
    chunks += http::equals_ignoring_case(coding, "chunked") ? 1 : 0;
    return are_codings;
  });
  const bool ends_chunked = chunks == 1 && http::equals_ignoring_case(last, "chunked");
  return are_codings && ends_chunked && value.find(',') != std::string_view::npos
             ? base::ErrorCode::not_implemented
             : base::ErrorCode::bad_request;
}

template <bool is_request> std::size_t Parser<is_request>::on_body_impl(Text body, ErrorCode&) {
  content_ = view(body);
  return body.size();
}

template <bool is_request>
std::size_t Parser<is_request>::on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) {
  content_ = view(body);
  chunk_left_ -= body.size();
  return body.size();
}

template class Parser<true>;
template class Parser<false>;

// --- requests

RequestParser::RequestParser(http::RequestHead& head, base::Arena& arena, const HeadLimits& limits)
    : Parser(arena, limits), head_(head) {
  set_fields(head_.fields);
}

void RequestParser::on_request_impl(beast_http::verb, Text method, Text target, int version,
                                    ErrorCode& error) {
  note_start_line();
  if (target.size() > limits_.target_bytes) return refuse(base::ErrorCode::target_too_long, error);
  // RFC 9112, 3: nobody has a method of such a length.
  if (method.size() > http::kLongestMethod) return refuse(base::ErrorCode::not_implemented, error);
  head_.method = http::method_of(view(method));
  head_.method_text = arena_.copy(view(method));
  head_.version = version == 10 ? http::Version::http_1_0 : http::Version::http_1_1;
  head_.target = arena_.copy(view(target));
}

namespace {

// RFC 9110, 4.2.3: an empty path is "/". Before a query it has to be written (RFC 9112, 3.2.1).
std::string_view with_path(std::string_view absolute, base::Arena& arena) {
  const std::size_t scheme_end = std::min(absolute.find("://"), absolute.size());
  const std::size_t end = absolute.find_first_of("/?", std::min(scheme_end + 3, absolute.size()));
  if (end == std::string_view::npos || absolute[end] == '/') return absolute;
  std::string text(absolute);
  return arena.copy(text.insert(end, 1, '/'));
}

} // namespace

base::Result<void> RequestParser::finish_head() {
  const base::Error bad{base::ErrorCode::bad_request, ErrorSource::downstream, Retry::never};
  std::size_t hosts = 0;
  for (const http::Field& field : head_.fields) {
    if (field.id != FieldName::host) continue;
    head_.authority = field.value;
    ++hosts;
  }
  // RFC 9112, 3.2: exactly one Host; HTTP/1.0 may have none.
  if (hosts > 1 || (hosts == 0 && head_.version == http::Version::http_1_1)) return bad;
  if (hosts == 1 && !is_authority(head_.authority)) return bad;
  head_.fields.remove(FieldName::host);
  if (!head_.target.empty() && head_.target.front() != '/' && head_.target != "*") {
    const auto parts = parse_absolute_target(with_path(head_.target, arena_));
    if (!parts) return bad;
    head_.authority = parts->authority; // RFC 9112, 3.2.2: Host is ignored
    // RFC 9112, 3.2.4: such a request is about the server as a whole.
    const bool is_about_server = head_.method == http::Method::options && parts->has_empty_path;
    head_.target = is_about_server ? "*" : parts->target;
  }
  if (!is_target(head_.target)) return bad;
  if (head_.target == "*" && head_.method != http::Method::options) return bad;
  // RFC 9112, 6.1: a 1.0 message with Transfer-Encoding has framing nobody agrees about.
  if (chunked() && head_.version == http::Version::http_1_0) return bad;
  if (const auto length = content_length()) head_.content_length = *length;
  head_.has_content = chunked() || head_.content_length.value_or(0) > 0;
  const http::Field* expect = head_.fields.find(FieldName::expect);
  const bool may_expect = expect != nullptr && head_.version == http::Version::http_1_1;
  expects_continue_ = may_expect && http::equals_ignoring_case(expect->value, "100-continue");
  if (may_expect && !expects_continue_) {
    return base::Error{base::ErrorCode::expectation, ErrorSource::downstream, Retry::never};
  }
  return {};
}

// --- responses

ResponseParser::ResponseParser(http::ResponseHead& head, base::Arena& arena,
                               const HeadLimits& limits)
    : Parser(arena, limits), head_(head) {
  set_fields(head_.fields);
  set_trailers(trailers_);
}

void ResponseParser::on_response_impl(int status, Text, int version, ErrorCode& error) {
  if (status < 100 || status > 999) return refuse(base::ErrorCode::protocol, error);
  head_.status = static_cast<http::Status>(status);
  head_.version = version == 10 ? http::Version::http_1_0 : http::Version::http_1_1;
}

base::Result<void> ResponseParser::finish_head() {
  if (chunked() && head_.version == http::Version::http_1_0) {
    return base::Error{base::ErrorCode::protocol, ErrorSource::upstream};
  }
  // RFC 9110, 8.6: these have none; for HEAD and 304 it tells what a GET would get.
  const bool may_have_length = head_.status >= 200 && head_.status != 204;
  if (const auto length = content_length(); length && may_have_length) {
    head_.content_length = *length;
  }
  return {};
}

} // namespace selvedge::codec::h1
