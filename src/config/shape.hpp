// What a key may hold, as plain values: the record that the reference and the JSON Schema are made
// from. Nothing here knows the C++ type behind a key.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::config {

// Whether a reload puts a changed value to use.
enum class Reload : std::uint8_t { live, restart };

enum class ShapeType : std::uint8_t {
  boolean,
  number,  // whole
  decimal, // may have a fraction
  size,
  duration,
  word, // one of a few
  text,
  text_list,
  text_map, // of names to texts
  section,
  section_list,
};

struct FieldShape;

struct Shape {
  ShapeType type = ShapeType::text;
  std::string what;               // for people: "a whole number from 1 to 10000"
  std::uint64_t least = 0;        // numbers
  std::uint64_t most = 0;         // numbers
  std::vector<std::string> words; // word
  std::string pattern;            // text, text_list, size, duration: an ECMA-262 expression;
                                  // text_map: the names'
  bool may_be_zero = false;       // size, duration: 0 without a unit
  bool may_be_empty = true;       // text, text_list, section_list
  std::vector<FieldShape> fields; // section, section_list
  std::string short_key;          // section, section_list: the key that a single value stands for
};

struct FieldShape {
  std::string key;
  std::string text;
  Reload reload = Reload::live;
  bool is_required = false;
  std::string condition; // "kind: http": the only case in which the key is allowed
  std::string initial;   // the default, as YAML; "" for sections
  Shape shape;
};

} // namespace selvedge::config
