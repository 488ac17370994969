// A reader of HTTP/1.1 requests that shares nothing with ours and lets nothing pass that RFC 9112
// does not ask for: what the node sends to a server must be what it takes for requests, one for
// one. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::test {

struct StrictRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields; // names in lower case
  std::string content;

  std::size_t count(std::string_view name) const {
    std::size_t n = 0;
    for (const auto& field : fields) n += field.first == name ? 1 : 0;
    return n;
  }
  std::string value(std::string_view name) const {
    for (const auto& field : fields) {
      if (field.first == name) return field.second;
    }
    return {};
  }
};

class StrictReader {
public:
  // Takes whole requests off the front of `bytes`. False: what stands there is no request.
  bool read_all(std::string_view bytes) {
    while (!bytes.empty() && read_one(bytes)) {
    }
    rest_ = bytes;
    return problem_.empty();
  }
  const std::vector<StrictRequest>& requests() const { return requests_; }
  const std::string& problem() const { return problem_; }
  std::string_view rest() const { return rest_; } // not whole yet

private:
  static bool is_token(std::string_view text) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    for (const char c : text) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!is_letter && !(c >= '0' && c <= '9') && kOthers.find(c) == kOthers.npos) return false;
    }
    return !text.empty();
  }
  static bool is_number(std::string_view text, int base, std::size_t& number) {
    number = 0;
    if (text.empty() || text.size() > 12) return false;
    for (const char c : text) {
      int digit = 99;
      if (c >= '0' && c <= '9') digit = c - '0';
      if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
      if (digit >= base) return false;
      number = number * static_cast<std::size_t>(base) + static_cast<std::size_t>(digit);
    }
    return true;
  }
  bool fail(const char* what) {
    problem_ = what;
    return false;
  }
  // A line without its CRLF; false: it has not all come, or is no line.
  bool take_line(std::string_view& bytes, std::string_view& line) {
    const std::size_t end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos || (end + 1 == bytes.size() && bytes[end] == '\r')) {
      return false;
    }
    if (bytes.substr(end, 2) != "\r\n") return fail("a bare CR or LF");
    line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    return true;
  }
  bool read_line_of_request(std::string_view line, StrictRequest& request) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return fail("a request line");
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, last - first - 1);
    if (!is_token(request.method)) return fail("a method");
    for (const char c : request.target) {
      if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#') return fail("a target");
    }
    if (line.substr(last + 1) != "HTTP/1.1") return fail("a version");
    return true;
  }
  bool read_field(std::string_view line, StrictRequest& request) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return fail("a field name");
    }
    std::string name(line.substr(0, colon));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    std::string_view value = line.substr(colon + 1);
    for (const char c : value) {
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f) {
        return fail("a field value");
      }
    }
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    request.fields.emplace_back(name, value);
    return true;
  }
  bool read_chunks(std::string_view& bytes, StrictRequest& request) {
    for (;;) {
      std::string_view line;
      if (!take_line(bytes, line)) return false;
      std::size_t size = 0;
      if (!is_number(line, 16, size)) return fail("a chunk size");
      if (size == 0) break;
      if (bytes.size() < size + 2) return false;
      request.content += bytes.substr(0, size);
      if (bytes.substr(size, 2) != "\r\n") return fail("the end of a chunk");
      bytes.remove_prefix(size + 2);
    }
    std::string_view line;
    while (take_line(bytes, line)) {
      if (line.empty()) return true;
      StrictRequest trailers;
      if (!read_field(line, trailers)) return false;
    }
    return false;
  }
  bool read_content(std::string_view& bytes, StrictRequest& request) {
    const std::size_t lengths = request.count("content-length");
    const std::size_t codings = request.count("transfer-encoding");
    if (lengths + codings > 1) return fail("two framings");
    if (codings == 1) {
      if (request.value("transfer-encoding") != "chunked") return fail("a transfer coding");
      return read_chunks(bytes, request);
    }
    if (lengths == 0) return true;
    std::size_t size = 0;
    if (!is_number(request.value("content-length"), 10, size)) return fail("a length");
    if (bytes.size() < size) return false;
    request.content = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return true;
  }
  // False: it is not whole, or wrong; then nothing is taken.
  bool read_one(std::string_view& bytes) {
    std::string_view left = bytes;
    std::string_view line;
    StrictRequest request;
    if (!take_line(left, line) || !read_line_of_request(line, request)) return false;
    for (;;) {
      if (!take_line(left, line)) return false;
      if (line.empty()) break;
      if (!read_field(line, request)) return false;
    }
    if (request.count("host") != 1) return fail("not one Host");
    if (!read_content(left, request)) return false;
    requests_.push_back(std::move(request));
    bytes = left;
    return true;
  }

  std::vector<StrictRequest> requests_;
  std::string problem_;
  std::string_view rest_;
};

} // namespace selvedge::test
