// Walks through the text of a script or a style, never back. Thread: one.
#pragma once

#include <selvedge/bundle/imports.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace selvedge::bundle {

class TextCursor {
public:
  // A byte order mark says nothing.
  explicit TextCursor(std::string_view text)
      : text_(text), at_(text.starts_with("\xef\xbb\xbf") ? 3 : 0) {}

  bool is_at_end() const { return at_ >= text_.size(); }
  std::size_t at() const { return at_; }
  char peek(std::size_t ahead = 0) const {
    return text_.size() - at_ > ahead ? text_[at_ + ahead] : '\0';
  }
  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void skip(std::size_t bytes) { at_ = text_.size() - at_ > bytes ? at_ + bytes : text_.size(); }
  void skip_line() { move_to(text_.find_first_of("\r\n", at_)); }
  // Requires: it is at "/*".
  void skip_comment() {
    move_to(text_.find("*/", at_ + 2));
    skip(2);
  }
  // Requires: it is at a backslash. One before CR LF is before both.
  void skip_escape() { skip(peek(1) == '\r' && peek(2) == '\n' ? 3 : 2); }
  // What is skipped as long as `is_one` holds.
  template <typename Predicate> std::string_view take_while(Predicate is_one) {
    const std::size_t begin = at_;
    while (!is_at_end() && is_one(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // What is between quotes. Empty when it has escapes or does not end on its line, as strings do.
  // Requires: it is at the first quote.
  std::string_view take_quoted() {
    const char quote = peek();
    skip(1);
    const std::size_t begin = at_;
    bool is_plain = true;
    for (char c = peek(); !is_at_end() && c != '\n' && c != '\r'; c = peek()) {
      if (c == quote) {
        const std::string_view inside = text_.substr(begin, at_ - begin);
        skip(1);
        return is_plain ? inside : std::string_view();
      }
      if (c == '\\') {
        is_plain = false;
        skip_escape();
      } else {
        skip(1);
      }
    }
    return {};
  }

private:
  void move_to(std::size_t place) { at_ = place < text_.size() ? place : text_.size(); }

  std::string_view text_;
  std::size_t at_; // at most the size
};

std::vector<std::string_view> find_script_imports(std::string_view content);
std::vector<std::string_view> find_style_imports(std::string_view content);

} // namespace selvedge::bundle
