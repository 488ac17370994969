// Reads JSON that somebody else wrote, and says where it is wrong.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace selvedge::bundle {

// Thrown inside of a parser, and caught by it.
struct WrongJson : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A value and how it is reached ("assets[3].path"). Every function throws WrongJson.
class JsonPlace {
public:
  JsonPlace(const nlohmann::json& value, std::string path)
      : value_(value), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw WrongJson(path_.empty() ? what : path_ + ": " + what);
  }

  const nlohmann::json& object() const {
    if (!value_.is_object()) fail("is not an object");
    return value_;
  }
  const nlohmann::json& array() const {
    if (!value_.is_array()) fail("is not a list");
    return value_;
  }
  std::string text() const {
    if (!value_.is_string()) fail("is not a text");
    return value_.get<std::string>();
  }
  std::uint64_t number() const {
    if (!value_.is_number_unsigned()) fail("is not a whole number");
    return value_.get<std::uint64_t>();
  }
  bool truth() const {
    if (!value_.is_boolean()) fail("is not true or false");
    return value_.get<bool>();
  }

  bool has(const char* key) const { return object().contains(key); }
  JsonPlace at(const std::string& key) const {
    const auto found = object().find(key);
    if (found == value_.end()) fail("'" + key + "' is missing");
    return {*found, path_.empty() ? key : path_ + '.' + key};
  }
  // Requires: it is a list that has so many.
  JsonPlace at(std::size_t index) const {
    return {value_[index], path_ + '[' + std::to_string(index) + ']'};
  }

private:
  const nlohmann::json& value_;
  std::string path_;
};

// How many objects and lists are within one another at most. What is no JSON has some depth, too.
// (A callback of the parser could count them, but with one it looks at all of an object again after
// each of its parts: minutes for an index.)
inline int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool is_in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_in_text) {
      if (c == '\\') ++i;
      is_in_text = c != '"';
    } else if (c == '"') {
      is_in_text = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

// Throws WrongJson.
inline nlohmann::json json_of(std::string_view text, std::size_t largest) {
  constexpr int kDeepest = 24; // package.json nests its `exports`
  if (text.size() > largest) {
    throw WrongJson("it is larger than " + std::to_string(largest) + " bytes");
  }
  if (depth_of(text) > kDeepest) throw WrongJson("it is nested too deeply");
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const std::string_view what = error.what();
    const std::size_t at = what.find("at line");
    const std::size_t end = what.find(':', at);
    throw WrongJson("it is no JSON" + (at == std::string_view::npos
                                           ? std::string()
                                           : " " + std::string(what.substr(at, end - at))));
  } catch (const nlohmann::json::exception& error) { // a number that no type holds
    throw WrongJson(std::string("it is no JSON that can be used: ") + error.what());
  }
}

} // namespace selvedge::bundle
