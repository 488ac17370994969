#include "writer.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace selvedge::config {
namespace {

// Words that readers of YAML 1.1 take for something other than a string.
constexpr std::array<std::string_view, 9> kReserved{"true", "false", "yes",  "no", "on",
                                                    "off",  "y",     "null", "n"};

bool is_plain(std::string_view text) {
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0 || c == '/'; };
  const auto is_safe = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/';
  };
  if (text.empty() || !is_letter(static_cast<unsigned char>(text.front()))) return false;
  if (!std::all_of(text.begin(), text.end(), is_safe)) return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

} // namespace

std::string yaml_text(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result + "\"";
}

void Writer::comment(std::string_view text) {
  constexpr std::size_t kColumns = 96;
  const std::size_t column = starts_item_ ? indent_ - 2 : indent_;
  const std::string start = std::string(column, ' ') + "#";
  if (!out_.empty()) out_ += '\n';
  while (!text.empty()) {
    std::string line = start;
    const std::size_t newline = text.find('\n');
    std::string_view paragraph = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    while (!paragraph.empty()) {
      const std::size_t end = std::min(paragraph.find(' '), paragraph.size());
      if (line.size() + 1 + end > kColumns) {
        out_ += line + "\n";
        line = start;
      }
      line.append(" ").append(paragraph.substr(0, end));
      paragraph.remove_prefix(std::min(end + 1, paragraph.size()));
    }
    out_ += line + "\n";
  }
}

std::string Writer::margin() const {
  if (!starts_item_) return std::string(indent_, ' ');
  return std::string(indent_ - 2, ' ') + "- ";
}

void Writer::key(std::string_view name) {
  out_ += margin();
  out_.append(name).append(":");
  starts_item_ = false;
}

void Writer::value(std::string_view yaml) {
  out_.append(" ").append(yaml).append("\n");
}

void Writer::begin_section() {
  out_ += '\n';
  indent_ += 2;
}

void Writer::begin_list() {
  begin_section();
}

void Writer::begin_item() {
  indent_ += 2;
  starts_item_ = true;
}

} // namespace selvedge::config
