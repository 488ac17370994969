#include "reading.hpp"

#include <selvedge/config/load.hpp>

#include <algorithm>
#include <tuple>

namespace selvedge::config {
namespace {

constexpr std::size_t kListed = 200;     // problems shown; with more, reading stops
constexpr std::size_t kValues = 200'000; // of all files
constexpr std::size_t kQuotedBytes = 60;

} // namespace

std::string in_quotes(std::string_view text) {
  const bool is_long = text.size() > kQuotedBytes;
  if (is_long) {
    std::size_t end = kQuotedBytes;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end; // not in the middle of a UTF-8 character
    text = text.substr(0, end);
  }
  std::string result = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result.push_back(byte < 0x20 || byte == 0x7F ? '?' : c);
  }
  return result + (is_long ? "...'" : "'");
}

void Reading::begin_file(const std::string& name) {
  files_.push_back(name);
  directory_ = std::filesystem::absolute(std::filesystem::path(name)).parent_path();
}

Where Reading::place(const YAML::Mark& mark) const {
  Where where;
  where.file = files_.empty() ? 0 : files_.size() - 1;
  if (!mark.is_null()) {
    where.line = mark.line + 1;
    where.column = mark.column + 1;
  }
  return where;
}

void Reading::fail(const Where& where, const std::string& path, const std::string& text) {
  ++failures_;
  failed_.insert(path);
  if (listed_.size() < kListed) listed_.push_back({where, text});
}

Where Reading::where(std::string path) const {
  while (true) {
    if (const auto place = places_.find(path); place != places_.end()) return place->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return Where{};
    path.resize(cut);
  }
}

std::string Reading::where_text(const Where& where) const {
  return files_.at(where.file) + ":" + std::to_string(where.line) + ":" +
         std::to_string(where.column);
}

bool Reading::spend(const Where& where, const std::string& path) {
  if (values_ == kValues) {
    fail(where, path, "more than " + std::to_string(kValues) + " values");
  }
  return ++values_ <= kValues && failures_ <= kListed;
}

bool Reading::has_failed_within(const std::string& section) const {
  const auto is_within = [&section](const std::string& path) {
    return path.compare(0, section.size(), section) == 0 &&
           (path.size() == section.size() || path[section.size()] == '.' ||
            path[section.size()] == '[');
  };
  return std::any_of(failed_.begin(), failed_.end(), is_within);
}

std::vector<Reading::Finding> Reading::in_order(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.where.file, a.where.line, a.where.column) <
           std::tie(b.where.file, b.where.line, b.where.column);
  });
  return findings;
}

std::vector<std::string> Reading::warnings() const {
  std::vector<std::string> lines;
  for (const Finding& warning : in_order(warnings_)) {
    lines.push_back(where_text(warning.where) + ": warning: " + warning.text);
  }
  return lines;
}

void Reading::throw_failures() const {
  if (failures_ == 0) return;
  const std::vector<Finding> ordered = in_order(listed_);
  std::string lines;
  for (const Finding& failure : ordered) {
    if (!lines.empty()) lines += '\n';
    lines += where_text(failure.where) + ": " + failure.text;
  }
  if (failures_ > ordered.size()) {
    lines += "\nand more problems, which are not shown";
  }
  throw ConfigError(lines);
}

std::string Input::key() const {
  const std::size_t dot = path.find_last_of('.');
  const std::string last = dot == std::string::npos ? path : path.substr(dot + 1);
  return last.substr(0, last.find('['));
}

void Input::refuse(std::string_view what, std::string_view hint) const {
  std::string got = "a section";
  if (node.IsScalar()) got = in_quotes(node.Scalar());
  if (node.IsSequence()) got = node.size() == 0 ? "an empty list" : "a list";
  std::string text = "'" + key() + "' ";
  if (node.IsNull()) {
    text.append("needs a value: ").append(what);
  } else {
    text.append("must be ").append(what).append(", not ").append(got);
  }
  fail(text.append(hint));
}

} // namespace selvedge::config
