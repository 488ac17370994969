#include "text_kinds.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

namespace selvedge::config {
namespace {

// YAML's escapes can say what no key of ours needs and what would tear log lines.
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

// The text of a scalar that has the form; nothing, after noting a failure, for any other node.
std::optional<std::string> text_by(const TextRule& rule, const Input& input) {
  if (!input.node.IsScalar() || has_control(input.node.Scalar()) ||
      !rule.holds(input.node.Scalar())) {
    input.refuse(rule.what);
    return std::nullopt;
  }
  std::string text = input.node.Scalar();
  if (rule.is_case_folded) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  return text;
}

} // namespace

void TextKind::read(const Input& input, std::string& to) const {
  if (empty_ == Empty::allowed && input.node.IsScalar() && input.node.Scalar().empty()) {
    to.clear();
    return;
  }
  if (std::optional<std::string> text = text_by(rule_, input)) to = std::move(*text);
}

Shape TextKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text;
  shape.what = rule_.what;
  shape.pattern = rule_.pattern;
  shape.may_be_empty = empty_ == Empty::allowed;
  return shape;
}

void PathKind::read(const Input& input, std::string& to) const {
  const std::string text = input.node.IsScalar() ? input.node.Scalar() : std::string{};
  const bool is_empty_scalar = input.node.IsScalar() && text.empty();
  if (is_empty_scalar && empty_ == Empty::allowed) {
    to.clear();
    return;
  }
  if (text == "-" && dash_ == Dash::allowed) {
    to = text;
    return;
  }
  if (text.empty() || text == "-" || has_control(text)) return input.refuse(what_);
  std::string path = (input.reading.directory() / text).lexically_normal().string();
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  to = std::move(path);
}

Shape PathKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text;
  shape.what = what_;
  shape.may_be_empty = empty_ == Empty::allowed;
  return shape;
}

void TextListKind::read(const Input& input, std::vector<std::string>& to) const {
  const bool is_list = input.node.IsSequence();
  if (!is_list || (input.node.size() == 0 && empty_ == Empty::refused)) {
    return input.refuse(shape().what);
  }
  std::vector<std::string> texts;
  for (const YAML::Node& node : input.node) {
    // A missing value has no place of its own.
    const Where where = node.IsNull() ? input.where : input.reading.place(node.Mark());
    const Input item{input.reading, node, input.path + "[" + std::to_string(texts.size()) + "]",
                     where};
    if (!input.reading.spend(where, input.path)) return;
    input.reading.note(item.path, where);
    texts.push_back(text_by(rule_, item).value_or(std::string{}));
  }
  to = std::move(texts);
}

std::string TextListKind::yaml(const std::vector<std::string>& value) const {
  std::string list = "[";
  for (const std::string& text : value) {
    if (list.size() > 1) list += ", ";
    list += yaml_text(text);
  }
  return list + "]";
}

Shape TextListKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text_list;
  shape.what = "a list, each " + std::string(rule_.what);
  shape.pattern = rule_.pattern;
  shape.may_be_empty = empty_ == Empty::allowed;
  return shape;
}

} // namespace selvedge::config
