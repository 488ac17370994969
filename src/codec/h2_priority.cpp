#include "h2_priority.hpp"

#include <selvedge/http/structured_field.hpp>

#include <bit>

namespace selvedge::codec::h2 {

namespace {

// "u=1", "u=1, i" and "i" are what clients say; nothing: it is something else.
std::optional<Priority> parse_usual(std::string_view text) {
  Priority priority;
  if (text == "i") return Priority{kDefaultUrgency, true};
  if (text.size() < 3 || !text.starts_with("u=")) return std::nullopt;
  if (text[2] < '0' || text[2] >= static_cast<char>('0' + kUrgencies)) return std::nullopt;
  priority.urgency = static_cast<std::uint8_t>(text[2] - '0');
  text.remove_prefix(3);
  if (!text.empty() && text != ", i" && text != ",i") return std::nullopt;
  priority.is_incremental = !text.empty();
  return priority;
}

} // namespace

std::optional<Priority> parse_priority(std::string_view text) {
  if (const auto usual = parse_usual(text)) return usual;
  const auto members = http::parse_sf_dictionary(text);
  if (!members) return std::nullopt;
  Priority priority;
  for (const auto& [key, member] : *members) {
    const auto* item = std::get_if<http::SfItem>(&member);
    if (item == nullptr) continue;
    if (key == "u") {
      const auto* urgency = std::get_if<std::int64_t>(&item->value);
      if (urgency != nullptr && *urgency >= 0 && *urgency < kUrgencies) {
        priority.urgency = static_cast<std::uint8_t>(*urgency);
      }
    } else if (key == "i") {
      const auto* flag = std::get_if<bool>(&item->value);
      if (flag != nullptr) priority.is_incremental = *flag;
    }
  }
  return priority;
}

void Schedule::add(Stream& stream) {
  Level& level = levels_[stream.priority.urgency];
  used_ = static_cast<std::uint8_t>(used_ | 1u << stream.priority.urgency);
  stream.sending = Sending::content;
  if (stream.priority.is_incremental) return level.incremental.push_back(stream);
  auto at = level.sequential.end(); // nearly always there
  while (at != level.sequential.begin() && std::prev(at)->id > stream.id) --at;
  level.sequential.insert(at, stream);
}

Stream* Schedule::next() {
  while (used_ != 0) {
    Level& level = levels_[static_cast<std::size_t>(std::countr_zero(used_))];
    if (level.sequential.empty() && level.incremental.empty()) {
      used_ = static_cast<std::uint8_t>(used_ & (used_ - 1));
      continue;
    }
    const bool incremental =
        level.sequential.empty() || (level.is_turn_of_incremental && !level.incremental.empty());
    return incremental ? &level.incremental.front() : &level.sequential.front();
  }
  return nullptr;
}

void Schedule::rotate(Stream& stream) {
  Level& level = levels_[stream.priority.urgency];
  level.is_turn_of_incremental = !stream.priority.is_incremental;
  if (stream.priority.is_incremental) {
    level.incremental.splice(level.incremental.end(), level.incremental,
                             level.incremental.iterator_to(stream));
  }
}

bool Schedule::is_empty() const {
  for (const Level& level : levels_) {
    if (!level.sequential.empty() || !level.incremental.empty()) return false;
  }
  return true;
}

} // namespace selvedge::codec::h2
