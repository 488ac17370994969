// A scanner for modules that knows as much of JavaScript as it takes to tell code from comments,
// strings, templates and regular expressions.
#include "import_scan.hpp"
#include "static_imports.hpp"

#include <algorithm>
#include <array>

namespace selvedge::bundle {

namespace {

using namespace std::string_view_literals;

// Behind these an expression begins, so that a '/' begins a regular expression and a '{' an object.
constexpr std::array kBeforeExpression{"return"sv, "typeof"sv, "instanceof"sv, "in"sv,     "of"sv,
                                       "new"sv,    "delete"sv, "void"sv,       "throw"sv,  "case"sv,
                                       "yield"sv,  "await"sv,  "default"sv,    "extends"sv};
constexpr std::array kBeforeStatement{"do"sv, "else"sv};
constexpr std::array kBeforeCondition{"if"sv, "while"sv, "for"sv, "with"sv};

bool is_one_of(std::string_view word, const auto& words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         c == '\\' || static_cast<unsigned char>(c) >= 0x80;
}

class ScriptScanner {
public:
  explicit ScriptScanner(std::string_view text) : cursor_(text) {}

  std::vector<std::string_view> run() {
    if (cursor_.starts_with("#!")) cursor_.skip_line();
    while (!cursor_.is_at_end() && found_.size() < kMostImports) step();
    return std::move(found_);
  }

private:
  // What the last token says of the next one.
  enum class Before : std::uint8_t {
    operand,    // something operated on ends: '/' divides
    statement,  // '/' is a regular expression, '{' a block
    expression, // '/' is a regular expression, '{' an object
    condition,  // as an operand, and '(' is a condition, behind which a statement begins
    member,     // a '.' or '#': a word is a name, whatever it reads
  };
  enum class Bracket : std::uint8_t { plain, condition, block, object, substitution };

  bool is_outside() const { return brackets_.empty(); }

  void step() {
    const char c = cursor_.peek();
    if (is_space(c)) return cursor_.skip(1);
    if (c == '/') return take_slash();
    if (c == '"' || c == '\'') return take_string();
    if (is_digit(c)) return take_number();
    if (is_word_character(c)) return take_word();
    cursor_.skip(1);
    if (c == '`') return skip_template();
    take_mark(c);
  }

  void take_slash() {
    if (cursor_.peek(1) == '/') return cursor_.skip_line();
    if (cursor_.peek(1) == '*') return cursor_.skip_comment();
    const bool is_operator = before_ == Before::operand || before_ == Before::condition;
    if (!is_operator && cursor_.at() >= divisions_until_) {
      TextCursor end = cursor_;
      if (skip_regular_expression(end)) {
        cursor_ = end;
        return end_operand();
      }
      // No regular expression after all. None on this line is, or looking for the end of each would
      // cost the square of the line's length.
      divisions_until_ = end.at();
    }
    cursor_.skip(1);
    take_mark('/');
  }

  // False, and at the end of the line: it does not end there.
  static bool skip_regular_expression(TextCursor& cursor) {
    cursor.skip(1);
    for (bool is_in_class = false; !cursor.is_at_end();) {
      const char c = cursor.peek();
      if (c == '\n' || c == '\r') return false;
      cursor.skip(1);
      if (c == '/' && !is_in_class) {
        cursor.take_while(is_word_character); // its flags
        return true;
      }
      if (c == '[') is_in_class = true;
      if (c == ']') is_in_class = false;
      if (c == '\\' && cursor.peek() != '\n' && cursor.peek() != '\r') cursor.skip(1);
    }
    return false;
  }

  void take_string() {
    const std::string_view inside = cursor_.take_quoted();
    if (is_outside() && statics_.see_string() && !inside.empty()) found_.push_back(inside);
    before_ = Before::operand;
    last_ = '\0';
  }

  void take_number() {
    cursor_.take_while([](char c) { return is_word_character(c) || c == '.'; });
    end_operand();
  }

  void end_operand() {
    if (is_outside()) statics_.see_other();
    before_ = Before::operand;
    last_ = '\0';
  }

  void take_word() {
    const std::string_view word = cursor_.take_while(is_word_character);
    if (before_ == Before::member) return end_operand();
    if (is_outside()) statics_.see_word(word);
    before_ = is_one_of(word, kBeforeExpression)  ? Before::expression
              : is_one_of(word, kBeforeStatement) ? Before::statement
              : is_one_of(word, kBeforeCondition) ? Before::condition
                                                  : Before::operand;
    last_ = '\0';
  }

  // Requires: it is behind the '`' or the '}' after which the text of a template goes on.
  void skip_template() {
    for (;;) {
      cursor_.take_while([](char c) { return c != '`' && c != '\\' && c != '$'; });
      if (cursor_.is_at_end()) return;
      const char c = cursor_.peek();
      if (c == '\\') {
        cursor_.skip_escape();
        continue;
      }
      cursor_.skip(1);
      if (c == '`') return end_operand();
      if (cursor_.peek() != '{') continue;
      cursor_.skip(1);
      if (is_outside()) statics_.see_other();
      brackets_.push_back(Bracket::substitution);
      before_ = Before::expression;
      last_ = '{';
      return;
    }
  }

  // Requires: it is behind the mark.
  void take_mark(char c) {
    if (c == '(' || c == '[' || c == '{') {
      if (is_outside()) statics_.see_mark(c);
      return open(c);
    }
    const char previous = last_;
    last_ = c;
    if (c == ')' || c == ']' || c == '}') return close();
    if (is_outside()) statics_.see_mark(c);
    if (c == '.' || c == '#') {
      before_ = Before::member;
    } else if ((c == '+' || c == '-') && previous == c) {
      before_ = Before::operand; // i++ / 2
      last_ = '\0';
    } else {
      const bool is_arrow = c == '>' && previous == '=';
      const bool is_label = c == ':' && (is_outside() || brackets_.back() == Bracket::block);
      before_ = c == ';' || is_arrow || is_label ? Before::statement : Before::expression;
    }
  }

  void open(char c) {
    if (c == '{') {
      const bool is_object = before_ == Before::expression || before_ == Before::member;
      brackets_.push_back(is_object ? Bracket::object : Bracket::block);
      before_ = is_object ? Before::expression : Before::statement;
    } else {
      const bool is_condition = c == '(' && before_ == Before::condition;
      brackets_.push_back(is_condition ? Bracket::condition : Bracket::plain);
      before_ = Before::expression;
    }
    last_ = c;
  }

  void close() {
    const char c = last_;
    const Bracket bracket = is_outside() ? Bracket::plain : brackets_.back();
    if (!is_outside()) brackets_.pop_back();
    if (c == '}' && bracket == Bracket::substitution) return skip_template();
    const bool is_statement = bracket == Bracket::condition || bracket == Bracket::block;
    before_ = is_statement ? Before::statement : Before::operand;
    if (is_outside()) statics_.see_mark(c);
  }

  TextCursor cursor_;
  StaticImports statics_;
  std::vector<Bracket> brackets_; // those that are open
  Before before_ = Before::statement;
  char last_ = '\0';                // the last token, when it is a mark
  std::size_t divisions_until_ = 0; // where a '/' before it divides
  std::vector<std::string_view> found_;
};

} // namespace

std::vector<std::string_view> find_script_imports(std::string_view content) {
  return ScriptScanner(content).run();
}

} // namespace selvedge::bundle
