#include "header_kinds.hpp"

#include "text_kinds.hpp"

#include <selvedge/http/field.hpp>

#include <map>

namespace selvedge::config {
namespace {

bool is_header_value(std::string_view text) {
  return http::trim(text) == text && http::is_field_value(text);
}

} // namespace

const TextRule kRequestRuleName{
    "a field name, and none of the connection, of framing, ranges or conditions, nor Host, Via, "
    "Age or Cache-Status",
    proxy::is_request_rule_name, R"(^[A-Za-z0-9!#$%&'*+.^_`|~-]+$)", true};
const TextRule kResponseRuleName{
    "a field name, and none of the connection or of framing, nor Host, Via, Age or Cache-Status",
    proxy::is_response_rule_name, R"(^[A-Za-z0-9!#$%&'*+.^_`|~-]+$)", true};
const TextRule kHeaderValue{"a field value, without spaces around it", is_header_value, ""};

void HeaderMapKind::read(const Input& input, std::vector<proxy::HeaderField>& to) const {
  if (!input.node.IsMap()) return input.refuse(shape().what);
  const TextKind names(names_, Empty::refused);
  const TextKind values(kHeaderValue, Empty::allowed);
  std::vector<proxy::HeaderField> fields;
  std::map<std::string, Where> seen;
  for (const auto& pair : input.node) {
    const Where where = input.reading.place(pair.first.Mark());
    if (!input.reading.spend(where, input.path)) return;
    proxy::HeaderField field;
    names.read(Input{input.reading, pair.first, input.path, where}, field.name);
    if (field.name.empty()) continue; // a failure, which is noted
    const Input value{input.reading, pair.second, input.path + "." + field.name,
                      // A missing value has no place of its own.
                      pair.second.IsNull() ? where : input.reading.place(pair.second.Mark())};
    const auto [first, is_new] = seen.emplace(field.name, where);
    if (!is_new) {
      input.reading.fail(where, input.path,
                         in_quotes(field.name) + " is set twice, first at " +
                             input.reading.where_text(first->second));
      continue;
    }
    values.read(value, field.value);
    fields.push_back(std::move(field));
  }
  to = std::move(fields);
}

std::string HeaderMapKind::yaml(const std::vector<proxy::HeaderField>& value) const {
  std::string map = "{";
  for (const proxy::HeaderField& field : value) {
    if (map.size() > 1) map += ", ";
    map += yaml_text(field.name) + ": " + yaml_text(field.value);
  }
  return map + "}";
}

Shape HeaderMapKind::shape() const {
  Shape shape;
  shape.type = ShapeType::text_map;
  shape.what = "a map of values, each by " + std::string(names_.what);
  shape.pattern = names_.pattern;
  return shape;
}

} // namespace selvedge::config
