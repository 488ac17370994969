#include "origin_rules.hpp"

#include <selvedge/upstream/status_range.hpp>

#include <algorithm>
#include <cctype>

namespace selvedge::config {
namespace {

bool is_check_target(std::string_view text) {
  return !text.empty() && text.front() == '/' && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && c != '#';
  });
}

bool is_well_status(std::string_view text) {
  const auto range = upstream::parse_status_range(text);
  return range && range->first >= 200; // interim ones say nothing yet
}

// A success is no reason to ask again, nor is an answer about another place.
bool is_retry_status(std::string_view text) {
  const auto range = upstream::parse_status_range(text);
  return range && range->first >= 400;
}

bool is_server_name(std::string_view text) {
  return !text.empty() && text.front() != '*' && kHostPattern.holds(text);
}

bool is_bucket_part(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
         });
}

} // namespace

const TextRule kCheckTarget{"a path that starts with '/'", is_check_target, R"(^/[^\s#]*$)"};
const TextRule kWellStatus{"a status or a range of them, such as '204' or '200-399'",
                           is_well_status, "^[2-5][0-9][0-9](-[2-5][0-9][0-9])?$"};
const TextRule kRetryStatus{"a status of 400 or above or a range of them, such as '503' or "
                            "'502-504'",
                            is_retry_status, "^[45][0-9][0-9](-[45][0-9][0-9])?$"};
const TextRule kServerName{"a host without a port", is_server_name,
                           R"(^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$)", true};
const TextRule kBucket{"the name of a bucket", is_bucket_part, "^[A-Za-z0-9][A-Za-z0-9._-]*$"};
const TextRule kBucketRegion{"the name of a region such as us-east-1", is_bucket_part,
                             "^[A-Za-z0-9][A-Za-z0-9._-]*$"};

} // namespace selvedge::config
