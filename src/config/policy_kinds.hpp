// Kinds that policies have beside the common ones: rates, choices, lists of words, single statuses.
// Thread: as kind.hpp.
#pragma once

#include "scalar_kinds.hpp"

#include <selvedge/policy/options.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::config {

// "10/s", "600/m", "100/h"; the member is in requests a second.
class RateKind final : public LineKind<double> {
public:
  void read(const Input& input, double& to) const override;
  std::string yaml(const double& value) const override { return rate_text(value); }
  Shape shape() const override;
};

// true or false; left out, it is for others to say.
class ChoiceKind final : public LineKind<policy::Choice> {
public:
  void read(const Input& input, policy::Choice& to) const override;
  std::string yaml(const policy::Choice& value) const override;
  Shape shape() const override;
};

// One of a few statuses.
class StatusKind final : public LineKind<std::uint16_t> {
public:
  explicit StatusKind(std::vector<std::uint16_t> allowed) : allowed_(std::move(allowed)) {}
  void read(const Input& input, std::uint16_t& to) const override;
  std::string yaml(const std::uint16_t& value) const override { return std::to_string(value); }
  Shape shape() const override;

private:
  std::vector<std::uint16_t> allowed_; // in order
};

// A list of names of an enum's values.
template <typename E> class WordListKind final : public LineKind<std::vector<E>> {
public:
  explicit WordListKind(typename WordKind<E>::Words words) : word_(std::move(words)) {}

  void read(const Input& input, std::vector<E>& to) const override {
    if (!input.node.IsSequence()) return input.refuse(shape().what);
    std::vector<E> values;
    for (const YAML::Node& node : input.node) {
      // A missing value has no place of its own.
      const Where where = node.IsNull() ? input.where : input.reading.place(node.Mark());
      const Input item{input.reading, node, input.path + "[" + std::to_string(values.size()) + "]",
                       where};
      if (!input.reading.spend(where, input.path)) return;
      input.reading.note(item.path, where);
      word_.read(item, values.emplace_back());
    }
    to = std::move(values);
  }
  std::string yaml(const std::vector<E>& value) const override {
    std::string list = "[";
    for (const E& one : value) list += (list.size() > 1 ? ", " : "") + word_.yaml(one);
    return list + "]";
  }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::text_list;
    shape.what = "a list, each " + word_.shape().what;
    for (const std::string& word : word_.shape().words) {
      shape.pattern += (shape.pattern.empty() ? "^(" : "|") + word;
    }
    shape.pattern += ")$";
    return shape;
  }

private:
  WordKind<E> word_;
};

// The words that several sections know.
WordKind<overload::Importance>::Words importance_words();
WordKind<overload::LoadLevel>::Words load_words();
WordKind<policy::ContentClass>::Words class_words();

} // namespace selvedge::config
