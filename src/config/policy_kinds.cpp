#include "policy_kinds.hpp"

#include <algorithm>

namespace selvedge::config {

using policy::Choice;

void RateKind::read(const Input& input, double& to) const {
  const auto rate = input.node.IsScalar() ? parse_rate(input.node.Scalar()) : std::nullopt;
  if (!rate) return input.refuse(shape().what);
  to = *rate;
}

Shape RateKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text;
  shape.what = "a rate such as 10/s, 600/m or 100/h";
  shape.pattern = "^[1-9][0-9]*/[smh]$";
  shape.may_be_empty = false;
  return shape;
}

void ChoiceKind::read(const Input& input, Choice& to) const {
  bool is_yes = false;
  const std::size_t failures = input.reading.failures();
  BoolKind().read(input, is_yes);
  if (input.reading.failures() == failures) to = is_yes ? Choice::yes : Choice::no;
}

std::string ChoiceKind::yaml(const Choice& value) const {
  if (value == Choice::unset) return {};
  return value == Choice::yes ? "true" : "false";
}

Shape ChoiceKind::shape() const {
  return BoolKind().shape();
}

void StatusKind::read(const Input& input, std::uint16_t& to) const {
  const auto number = input.node.IsScalar() ? parse_number(input.node.Scalar()) : std::nullopt;
  const auto found = number ? std::find(allowed_.begin(), allowed_.end(), *number) : allowed_.end();
  if (found == allowed_.end()) return input.refuse(shape().what);
  to = *found;
}

Shape StatusKind::shape() const {
  Shape shape;
  shape.type = ShapeType::number;
  shape.least = allowed_.front();
  shape.most = allowed_.back();
  for (std::size_t i = 0; i < allowed_.size(); ++i) {
    if (i > 0) shape.what += i + 1 == allowed_.size() ? " or " : ", ";
    shape.what += std::to_string(allowed_[i]);
  }
  return shape;
}

WordKind<overload::Importance>::Words importance_words() {
  using overload::Importance;
  return {{"premium", Importance::premium},
          {"standard", Importance::standard},
          {"free", Importance::free},
          {"background", Importance::background}};
}

WordKind<overload::LoadLevel>::Words load_words() {
  using overload::LoadLevel;
  return {{"calm", LoadLevel::calm},
          {"elevated", LoadLevel::elevated},
          {"high", LoadLevel::high},
          {"critical", LoadLevel::critical}};
}

WordKind<policy::ContentClass>::Words class_words() {
  using policy::ContentClass;
  return {{"critical", ContentClass::critical},
          {"core", ContentClass::core},
          {"standard", ContentClass::standard},
          {"secondary", ContentClass::secondary}};
}

} // namespace selvedge::config
