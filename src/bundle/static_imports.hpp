// Follows the tokens of a module that are in no bracket, and knows when a string among them is what
// is imported: `import x, {y as z} from "s"`, `import "s"`, `export * as x from "s"`,
// `export {x} from "s"` (ECMA-262, 16.2). Thread: one.
#pragma once

#include <cstdint>
#include <string_view>

namespace selvedge::bundle {

class StaticImports {
public:
  void see_word(std::string_view word) {
    const bool is_name = is_after_as_ && place_ == Place::export_all;
    is_after_as_ = !is_name && word == "as";
    if (is_name) return;
    // Reserved words: whatever was begun, they begin anew, as line ends do where no ';' is.
    if (word == "import") {
      place_ = Place::after_import;
    } else if (word == "export") {
      place_ = Place::after_export;
    } else if (word == "from" && place_ != Place::after_import) {
      // May be a name as well (`import from from "s"`), which is told by what follows.
      const bool is_awaited = place_ != Place::elsewhere && place_ != Place::after_export;
      place_ = is_awaited ? Place::after_from : Place::elsewhere;
    } else if (place_ == Place::after_import || place_ == Place::after_from) {
      place_ = Place::import_names;
    } else if (place_ == Place::after_export || place_ == Place::export_names) {
      place_ = Place::elsewhere;
    }
  }

  // Whether it is a specifier.
  bool see_string() {
    const bool is_specifier = place_ == Place::after_import || place_ == Place::after_from;
    const bool is_name = is_after_as_ && place_ == Place::export_all;
    is_after_as_ = false;
    if (!is_name) place_ = Place::elsewhere;
    return is_specifier;
  }

  // A '{' before what is in it, a '}' behind it.
  void see_mark(char mark) {
    is_after_as_ = false;
    const bool is_import = place_ == Place::after_import || place_ == Place::import_names;
    if (is_import && (mark == '{' || mark == '*')) {
      place_ = Place::import_names;
    } else if (mark == ',' && (is_import || place_ == Place::after_from)) {
      place_ = Place::import_names;
    } else if (place_ == Place::after_export && (mark == '{' || mark == '*')) {
      place_ = mark == '{' ? Place::export_names : Place::export_all;
    } else if (mark != '}' || (place_ != Place::import_names && place_ != Place::export_names)) {
      place_ = Place::elsewhere;
    }
  }

  // A number, a template, a regular expression, or a word behind a '.'.
  void see_other() {
    is_after_as_ = false;
    place_ = Place::elsewhere;
  }

private:
  enum class Place : std::uint8_t {
    elsewhere,
    after_import,
    import_names, // before `from`
    after_export,
    export_all,   // behind `export *`
    export_names, // behind `export {`, before `from`
    after_from,
  };

  Place place_ = Place::elsewhere;
  bool is_after_as_ = false; // `export * as` is before any name at all: `import`, "a string"
};

} // namespace selvedge::bundle
