// @import stands before every rule (CSS Cascading, 2), so a style is read no further than to its
// first one, however long it is.
#include "import_scan.hpp"

#include <algorithm>

namespace selvedge::bundle {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_name_character(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '\\' || static_cast<unsigned char>(c) >= 0x80;
}

class StyleScanner {
public:
  explicit StyleScanner(std::string_view text) : cursor_(text) {}

  std::vector<std::string_view> run() {
    for (skip_blank(); cursor_.peek() == '@' && found_.size() < kMostImports; skip_blank()) {
      cursor_.skip(1);
      if (is_word("import", cursor_.take_while(is_name_character))) take_location();
      if (!skip_statement()) break;
    }
    return std::move(found_);
  }

private:
  static bool is_word(std::string_view word, std::string_view text) {
    return std::ranges::equal(word, text, {}, {}, lower);
  }

  bool is_at_url() const {
    return lower(cursor_.peek()) == 'u' && lower(cursor_.peek(1)) == 'r' &&
           lower(cursor_.peek(2)) == 'l' && cursor_.peek(3) == '(';
  }

  void skip_blank() {
    for (;;) {
      cursor_.take_while(is_space);
      if (cursor_.starts_with("/*")) {
        cursor_.skip_comment();
      } else if (cursor_.starts_with("<!--")) {
        cursor_.skip(4);
      } else if (cursor_.starts_with("-->")) {
        cursor_.skip(3);
      } else {
        return;
      }
    }
  }

  void take_location() {
    skip_blank();
    const char c = cursor_.peek();
    const std::string_view location = c == '"' || c == '\'' ? cursor_.take_quoted()
                                      : is_at_url()         ? take_url()
                                                            : std::string_view();
    if (!location.empty()) found_.push_back(location);
  }

  // Requires: it is at "url(".
  std::string_view take_url() {
    cursor_.skip(4);
    cursor_.take_while(is_space);
    std::string_view location;
    bool is_plain = true;
    if (cursor_.peek() == '"' || cursor_.peek() == '\'') {
      location = cursor_.take_quoted();
    } else {
      location = cursor_.take_while([](char c) { return !is_space(c) && c != ')' && c != '\\'; });
      is_plain = location.find_first_of("\"'(") == std::string_view::npos;
    }
    cursor_.take_while(is_space);
    is_plain = is_plain && (cursor_.peek() == ')' || cursor_.is_at_end());
    skip_url();
    return is_plain ? location : std::string_view();
  }

  // The rest of one that has no quotes, where a ';' is a part of it.
  void skip_url() {
    for (;;) {
      cursor_.take_while([](char c) { return c != ')' && c != '\\'; });
      if (cursor_.peek() != '\\') return cursor_.skip(1);
      cursor_.skip_escape();
    }
  }

  // False: a block begins, or the text ends.
  bool skip_statement() {
    for (std::size_t depth = 0; !cursor_.is_at_end();) {
      const char c = cursor_.peek();
      if (c == '{') return false;
      if (c == '"' || c == '\'') {
        cursor_.take_quoted();
      } else if (c == '\\') {
        cursor_.skip_escape();
      } else if (cursor_.starts_with("/*")) {
        cursor_.skip_comment();
      } else if (is_at_url()) {
        take_url();
      } else {
        cursor_.skip(1);
        if (c == ';' && depth == 0) return true;
        if (c == '(' || c == '[') ++depth;
        if ((c == ')' || c == ']') && depth > 0) --depth;
      }
    }
    return false;
  }

  TextCursor cursor_;
  std::vector<std::string_view> found_;
};

} // namespace

std::vector<std::string_view> find_style_imports(std::string_view content) {
  return StyleScanner(content).run();
}

} // namespace selvedge::bundle
