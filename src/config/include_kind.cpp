#include "include_kind.hpp"

#include "text_kinds.hpp"

namespace selvedge::config {

void IncludeKind::read(const Input& input, std::vector<std::string>& to) const {
  if (!input.node.IsSequence()) return input.refuse(shape().what);
  const PathKind file("a file", Empty::refused, PathKind::Dash::refused);
  for (const YAML::Node& node : input.node) {
    // A missing value has no place of its own.
    const Where where = node.IsNull() ? input.where : input.reading.place(node.Mark());
    if (!input.reading.spend(where, input.path)) return;
    const Input item{input.reading, node, input.path + "[" + std::to_string(to.size()) + "]",
                     where};
    std::string name;
    file.read(item, name);
    if (name.empty()) continue; // a failure, which is noted
    input.reading.note(item.path, where);
    to.push_back(std::move(name));
  }
}

std::string IncludeKind::yaml(const std::vector<std::string>& value) const {
  std::string list = "[";
  for (const std::string& name : value) list += (list.size() > 1 ? ", " : "") + yaml_text(name);
  return list + "]";
}

Shape IncludeKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text_list;
  shape.what = "a list, each a file";
  return shape;
}

} // namespace selvedge::config
