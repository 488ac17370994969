// What a server's bytes mean for the answers that are awaited: HTTP/1.1, one at a time, and HTTP/2.
// Both hand content on as it comes, so that a wrong byte of an answer that is cut off is found,
// too. Owned and called by one thread.
#pragma once

#include "soak_answer.hpp"

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace selvedge::bench {

struct FrameHead;

using OnSoakEnd = std::function<void(SoakAnswer&, SoakOutcome, bool is_told)>;

class SoakH1 {
public:
  std::string request(const SoakRequest& request, std::string_view authority);
  // False: these bytes are no answer, and the connection is of no use.
  bool receive(std::string_view bytes, const OnSoakEnd& on_end);
  // The connection has ended.
  void end(const OnSoakEnd& on_end);

  std::size_t asked() const { return answer_ ? 1 : 0; }
  bool is_last() const { return is_last_; }
  SoakRequest::Clock::time_point oldest() const { return answer_->request().due; }

private:
  enum class Part : std::uint8_t {
    head,
    content,
    until_end,
    chunk_size,
    chunk,
    chunk_end,
    trailers
  };
  bool on_line(std::string_view line, const OnSoakEnd& on_end);
  bool on_head_line(std::string_view line);
  bool on_chunk_size(std::string_view line);
  void on_head_end();
  void finish(const OnSoakEnd& on_end);

  std::optional<SoakAnswer> answer_;
  Part part_ = Part::head;
  std::string line_;            // as much as has come
  std::uint64_t remaining_ = 0; // of the content, or of the chunk
  bool is_chunked_ = false;
  bool is_last_ = false;
};

class SoakH2 {
public:
  SoakH2();

  std::string opening() const;
  std::string request(const SoakRequest& request, std::string_view authority, bool is_https);
  bool receive(std::string_view bytes, const OnSoakEnd& on_end);
  void end(const OnSoakEnd& on_end);

  std::size_t asked() const { return streams_.size(); }
  bool is_last() const { return is_last_; }
  bool is_ready() const { return has_settings_; }
  SoakRequest::Clock::time_point oldest() const { return streams_.begin()->second.request().due; }

  std::string reply; // to be sent: acknowledgements and window; the caller clears it

private:
  struct FreeInflater {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };
  bool on_frame(const FrameHead& head, std::string_view payload, const OnSoakEnd& on_end);
  bool on_headers(const FrameHead& head, std::string_view payload, const OnSoakEnd& on_end);
  bool inflate(std::string_view block, SoakAnswer* answer);
  void on_data(const FrameHead& head, std::string_view payload, const OnSoakEnd& on_end);
  void on_goaway(std::string_view payload, const OnSoakEnd& on_end);
  void finish(std::uint32_t stream, bool is_whole, bool is_told, const OnSoakEnd& on_end);

  std::unique_ptr<nghttp2_hd_inflater, FreeInflater> inflater_;
  std::map<std::uint32_t, SoakAnswer> streams_; // the answers that are awaited
  std::uint32_t next_stream_ = 1;
  std::string held_; // a frame whose rest has not come
  std::uint64_t unreturned_ = 0;
  bool is_last_ = false;
  bool has_settings_ = false;
};

} // namespace selvedge::bench
