#include "soak_answer.hpp"

#include <charconv>

namespace selvedge::bench {

namespace {

// RFC 9211, 2.1: whether the last member, which is the node's, says hit.
bool says_hit(std::string_view cache_status) {
  const std::size_t comma = cache_status.rfind(',');
  if (comma != std::string_view::npos) cache_status.remove_prefix(comma + 1);
  const std::size_t at = cache_status.find("; hit");
  return at != std::string_view::npos &&
         (at + 5 == cache_status.size() || cache_status[at + 5] == ';');
}

} // namespace

void SoakAnswer::field(std::string_view name, std::string_view value) {
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), status_);
  } else if (name == "content-length") {
    std::uint64_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    length_ = length;
  } else if (name == "content-range") {
    range_ = value;
  } else if (name == "etag") {
    etag_ = value;
  } else if (name == "cache-status") {
    is_hit_ = says_hit(value);
  }
}

bool SoakAnswer::end_head() {
  if (status_ / 100 == 1) {
    *this = SoakAnswer(request_);
    return false;
  }
  has_head_ = true;
  if (!is_checked()) return true;
  const SoakObject& object = request_.object;
  const bool is_part = status_ == 206;
  if (is_part != (request_.kind == SoakRequest::Kind::range) && status_ != 200) {
    if (status_ != 304 || request_.kind != SoakRequest::Kind::conditional) blame("nobody asked");
  }
  if (etag_ != object.etag()) blame("ETag " + etag_);
  offset_ = is_part ? request_.first : 0;
  end_ = is_part ? request_.last + 1 : object.size;
  if (status_ == 304) {
    end_ = 0;
    return true;
  }
  const std::string range = request_.range();
  const std::string expected = "bytes " + range.substr(6) + '/' + std::to_string(object.size);
  if (is_part && range_ != expected) blame("Content-Range " + range_);
  if (length_ && *length_ != end_ - offset_) {
    blame("Content-Length " + std::to_string(*length_));
  }
  return true;
}

void SoakAnswer::content(std::string_view bytes) {
  if (!is_checked() || !problem_.empty()) return;
  if (bytes.size() > end_ - offset_) return blame("more than " + std::to_string(end_) + " bytes");
  if (const auto at = first_difference(request_.object, offset_, bytes)) {
    blame("the byte at " + std::to_string(*at));
  }
  offset_ += bytes.size();
}

SoakOutcome SoakAnswer::end(bool is_whole) {
  if (!problem_.empty()) return SoakOutcome::wrong;
  if (!has_head_) return SoakOutcome::unanswered;
  if (!is_whole) return SoakOutcome::cut;
  if (!is_checked()) return SoakOutcome::refused;
  if (offset_ != end_) {
    blame("ends at " + std::to_string(offset_) + ", which is said to be all");
    return SoakOutcome::wrong;
  }
  return SoakOutcome::right;
}

void SoakAnswer::blame(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

std::string SoakAnswer::problem() const {
  return request_.object.path() +
         (request_.kind == SoakRequest::Kind::range ? ' ' + request_.range() : "") + ": " +
         std::to_string(status_) + (is_hit_ ? " (hit): " : ": ") + problem_;
}

} // namespace selvedge::bench
