// Writes YAML line by line: block style for sections and lists of sections, flow style for lists of
// texts, with comments where they are asked for.
// Thread: one.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::config {

// `text` as YAML, between double quotes unless every reader takes the plain text for a string.
std::string yaml_text(std::string_view text);

class Writer {
public:
  enum class Style { plain, explained };
  explicit Writer(Style style) : style_(style) {}

  // True the first time a record is met, when comments are wanted.
  bool explains(const void* record) {
    return style_ == Style::explained && explained_.insert(record).second;
  }
  bool is_explaining() const { return style_ == Style::explained; }
  // True when comments are wanted and this record has had its own.
  bool is_explained(const void* record) const { return explained_.count(record) != 0; }
  // Lines of at most 96 columns, each after "# ", with an empty line before them.
  void comment(std::string_view text);

  // A key is followed by exactly one of value(), begin_section() ... end_section(), or
  // begin_list(), any number of begin_item() ... end_item(), end_list().
  void key(std::string_view name);
  void value(std::string_view yaml);
  void begin_section();
  void end_section() { indent_ -= 2; }
  void begin_list();
  void begin_item();
  void end_item() { indent_ -= 2; }
  void end_list() { indent_ -= 2; }

  std::string take() { return std::move(out_); }

private:
  // Spaces, with the dash of an item that has no line yet when `starts_item`.
  std::string margin() const;

  Style style_;
  std::set<const void*> explained_;
  std::string out_;
  std::size_t indent_ = 0;
  bool starts_item_ = false; // the next key is the first of an item
};

} // namespace selvedge::config
