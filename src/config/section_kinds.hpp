// Kinds of members that are sections themselves, and lists of them.
// Thread: as kind.hpp.
#pragma once

#include "section.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::config {

template <typename S> class SectionKind final : public Kind<S> {
public:
  explicit SectionKind(Section<S> section) : section_(std::move(section)) {}

  void read(const Input& input, S& to) const override { section_.read(input, to); }
  void write(Writer& writer, const S& value) const override {
    writer.begin_section();
    section_.write(writer, value);
    writer.end_section();
  }
  void compare(Differences& differences, const Changed& at, const S& from,
               const S& to) const override {
    section_.compare(differences, at.path, from, to);
  }
  std::string yaml(const S&) const override { return {}; }
  bool is_joined() const override { return true; }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::section;
    shape.what = section_.what();
    shape.short_key = section_.short_key();
    shape.fields = section_.shapes();
    return shape;
  }

private:
  Section<S> section_;
};

// A list of sections, each known by the text that `name` gives.
template <typename S> class SectionListKind final : public Kind<std::vector<S>> {
public:
  using Name = std::string (*)(const S&);
  SectionListKind(Section<S> section, Name name, Empty empty)
      : section_(std::move(section)), name_(name), empty_(empty) {}

  // Appends: lists of several files are one.
  void read(const Input& input, std::vector<S>& to) const override {
    const bool is_list = input.node.IsSequence() || input.node.IsNull();
    const bool is_empty = input.node.IsNull() || (is_list && input.node.size() == 0);
    if (!is_list || (is_empty && empty_ == Empty::refused)) return input.refuse(shape().what);
    for (const YAML::Node& node : input.node) {
      // A missing value has no place of its own.
      const Where where = node.IsNull() ? input.where : input.reading.place(node.Mark());
      if (!input.reading.spend(where, input.path)) return;
      const Input item{input.reading, node, input.path + "[" + std::to_string(to.size()) + "]",
                       where};
      input.reading.note(item.path, where);
      S element;
      section_.read(item, element);
      to.push_back(std::move(element));
    }
  }

  void write(Writer& writer, const std::vector<S>& value) const override {
    if (const auto line = short_yaml(value)) return writer.value(*line);
    writer.begin_list();
    for (const S& element : value) {
      writer.begin_item();
      section_.write(writer, element);
      writer.end_item();
    }
    writer.end_list();
  }

  void compare(Differences& differences, const Changed& at, const std::vector<S>& from,
               const std::vector<S>& to) const override {
    const std::size_t before = differences.size();
    for (const S& old : from) {
      const Changed place{at.path + "[" + name_(old) + "]", at.reload};
      if (const S* same = find(to, name_(old))) {
        section_.compare(differences, place.path, old, *same);
      } else {
        differences.removed(place);
      }
    }
    for (const S& added : to) {
      if (!find(from, name_(added))) {
        differences.added({at.path + "[" + name_(added) + "]", at.reload});
      }
    }
    const bool is_same_order =
        std::equal(from.begin(), from.end(), to.begin(), to.end(),
                   [this](const S& a, const S& b) { return name_(a) == name_(b); });
    if (differences.size() == before && !is_same_order) differences.reordered(at);
  }

  std::string yaml(const std::vector<S>&) const override { return {}; }
  bool is_joined() const override { return true; }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::section_list;
    shape.what = empty_ == Empty::refused ? "a list of one or more sections" : "a list of sections";
    shape.short_key = section_.short_key();
    if (!shape.short_key.empty()) shape.what = "a list, each " + section_.what();
    shape.may_be_empty = empty_ == Empty::allowed;
    shape.fields = section_.shapes();
    return shape;
  }

private:
  // On one line, where one value stands for each element.
  std::optional<std::string> short_yaml(const std::vector<S>& elements) const {
    std::string list = "[";
    for (const S& element : elements) {
      const std::optional<std::string> one = section_.short_yaml(element);
      if (!one) return std::nullopt;
      list += (list.size() > 1 ? ", " : "") + *one;
    }
    return list + "]";
  }

  const S* find(const std::vector<S>& elements, const std::string& name) const {
    const auto found = std::find_if(elements.begin(), elements.end(),
                                    [&](const S& element) { return name_(element) == name; });
    return found == elements.end() ? nullptr : &*found;
  }

  Section<S> section_;
  Name name_;
  Empty empty_;
};

} // namespace selvedge::config
