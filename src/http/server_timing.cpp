#include <selvedge/http/server_timing.hpp>

#include <charconv>
#include <cmath>
#include <cstring>

namespace selvedge::http {

namespace {

using Room = std::array<char, ServerTimings::kDescription>;

// Goes over one metric: name *( ";" parameter "=" value ).
class Cursor {
public:
  explicit Cursor(std::string_view text) : left_(text) {}

  std::string_view token() {
    skip_spaces();
    std::size_t size = 0;
    while (size < left_.size() && is_token(left_.substr(size, 1))) ++size;
    return take(size);
  }

  bool skip(char c) {
    skip_spaces();
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }

  // A token, or a quoted string, whose escapes are undone in `room`.
  std::string_view value(Room& room) {
    if (!skip('"')) return token();
    std::size_t size = 0;
    std::size_t at = 0;
    for (; at < left_.size() && left_[at] != '"'; ++at) {
      if (left_[at] == '\\' && at + 1 < left_.size()) ++at;
      if (size < room.size()) room[size++] = left_[at];
    }
    left_.remove_prefix(std::min(at + 1, left_.size()));
    return {room.data(), size};
  }

  // Whatever stands before the next parameter means nothing. False: there is none.
  bool next_parameter() {
    take(std::min(left_.find(';'), left_.size()));
    return skip(';');
  }

private:
  void skip_spaces() {
    while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t')) {
      left_.remove_prefix(1);
    }
  }
  std::string_view take(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
};

// What follows the number is passed over; no time is negative or without end.
double duration_of(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double duration = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), duration);
  const bool is_good = result.ec == std::errc() && std::isfinite(duration) && duration > 0;
  return is_good ? duration : 0;
}

// One metric as text. The longest: both texts, all of the description escaped, and a number.
class MetricText {
public:
  explicit MetricText(const ServerTiming& timing) {
    add(timing.name);
    if (timing.duration) {
      add(";dur=");
      char* const end = text_.data() + text_.size();
      const auto result = std::to_chars(text_.data() + size_, end, *timing.duration);
      size_ = static_cast<std::size_t>(result.ptr - text_.data());
    }
    if (timing.description.empty()) return;
    add(";desc=\"");
    for (const char& c : timing.description) {
      if (c == '"' || c == '\\') add("\\");
      add({&c, 1});
    }
    add("\"");
  }
  std::string_view view() const { return {text_.data(), size_}; }

private:
  static constexpr std::size_t kAround = 64; // names of parameters, quotes, the number
  void add(std::string_view text) {
    std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }

  std::array<char, ServerTimings::kName + 2 * ServerTimings::kDescription + kAround> text_;
  std::size_t size_ = 0;
};

} // namespace

void ServerTimings::add(std::string_view value) {
  if (size_ == kMetrics) return;
  for_each_element(value, [this](std::string_view element) {
    add_metric(element);
    return size_ < kMetrics;
  });
}

void ServerTimings::add_metric(std::string_view text) {
  Cursor at(text);
  ServerTiming timing;
  timing.name = at.token();
  if (timing.name.empty() || timing.name.size() > kName) return;
  Room kept;
  bool is_described = false;
  while (at.next_parameter()) {
    const std::string_view parameter = at.token();
    Room room;
    const std::string_view value = at.skip('=') ? at.value(room) : std::string_view{};
    if (equals_ignoring_case(parameter, "dur") && !timing.duration) {
      timing.duration = duration_of(value);
    } else if (equals_ignoring_case(parameter, "desc") && !is_described) {
      is_described = true;
      const std::size_t size = std::min(value.size(), kept.size());
      if (size > 0) std::memcpy(kept.data(), value.data(), size);
      timing.description = {kept.data(), size};
    }
  }
  keep(timing);
}

void ServerTimings::keep(const ServerTiming& timing) {
  if (timing.name.size() + timing.description.size() > kText - used_) return;
  Metric& metric = metrics_[size_++];
  metric.begin = used_;
  metric.name = static_cast<std::uint8_t>(timing.name.size());
  metric.description = static_cast<std::uint8_t>(timing.description.size());
  metric.has_duration = timing.duration.has_value();
  metric.duration = timing.duration.value_or(0);
  for (const std::string_view text : {timing.name, timing.description}) {
    if (!text.empty()) std::memcpy(text_.data() + used_, text.data(), text.size());
    used_ = static_cast<std::uint16_t>(used_ + text.size());
  }
}

ServerTiming ServerTimings::operator[](std::size_t index) const {
  const Metric& metric = metrics_[index];
  ServerTiming timing;
  timing.name = {text_.data() + metric.begin, metric.name};
  timing.description = {text_.data() + metric.begin + metric.name, metric.description};
  if (metric.has_duration) timing.duration = metric.duration;
  return timing;
}

std::size_t ServerTimings::write(std::span<char> to) const {
  std::size_t used = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const MetricText metric((*this)[i]);
    const std::string_view separator = i == 0 ? "" : ", ";
    const std::string_view text = metric.view();
    if (separator.size() + text.size() > to.size() - used) break;
    std::memcpy(to.data() + used, separator.data(), separator.size());
    used += separator.size();
    std::memcpy(to.data() + used, text.data(), text.size());
    used += text.size();
  }
  return used;
}

} // namespace selvedge::http
