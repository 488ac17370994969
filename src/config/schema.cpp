// The records as a JSON Schema, which editors use to complete and check YAML.
#include <selvedge/config/load.hpp>

#include "sections.hpp"

#include <nlohmann/json.hpp>

namespace selvedge::config {
namespace {

using Json = nlohmann::ordered_json;

Json schema_of(const FieldShape& field);

Json object_of(const std::vector<FieldShape>& fields) {
  Json object{{"type", "object"}, {"additionalProperties", false}};
  Json properties = Json::object();
  Json required = Json::array();
  for (const FieldShape& field : fields) {
    properties[field.key] = schema_of(field);
    if (field.is_required && field.condition.empty()) required.push_back(field.key);
  }
  object["properties"] = std::move(properties);
  if (!required.empty()) object["required"] = std::move(required);
  return object;
}

// The object of a section; also its short form, where it has one. What is said of objects does not
// concern strings, and the other way round (JSON Schema Validation, 6).
Json section_of(const Shape& shape) {
  Json section = object_of(shape.fields);
  for (const FieldShape& field : shape.fields) {
    if (field.key != shape.short_key) continue;
    const bool is_number = field.shape.type == ShapeType::number;
    section["type"] = Json::array({"object", is_number ? "integer" : "string"});
    if (is_number) {
      section["minimum"] = field.shape.least;
      section["maximum"] = field.shape.most;
    } else {
      section["pattern"] = field.shape.pattern;
    }
  }
  return section;
}

Json text_of(const Shape& shape) {
  Json text{{"type", "string"}};
  if (!shape.pattern.empty()) {
    text["pattern"] =
        shape.may_be_empty && shape.type == ShapeType::text ? "^$|" + shape.pattern : shape.pattern;
  }
  return text;
}

Json list_of(const Shape& shape, Json items) {
  Json list{{"type", "array"}, {"items", std::move(items)}};
  if (!shape.may_be_empty) list["minItems"] = 1;
  return list;
}

Json type_of(const Shape& shape) {
  switch (shape.type) {
  case ShapeType::boolean:
    return {{"type", "boolean"}};
  case ShapeType::number:
    return {{"type", "integer"}, {"minimum", shape.least}, {"maximum", shape.most}};
  case ShapeType::decimal:
    return {{"type", "number"}, {"minimum", shape.least}, {"maximum", shape.most}};
  case ShapeType::size: // plain bytes are an integer to YAML
    return {{"type", {"string", "integer"}}, {"pattern", shape.pattern}, {"minimum", shape.least}};
  case ShapeType::duration:
    if (!shape.may_be_zero) return text_of(shape);
    return {{"anyOf", {text_of(shape), {{"const", 0}}}}};
  case ShapeType::word:
    return {{"enum", shape.words}};
  case ShapeType::text:
    return text_of(shape);
  case ShapeType::text_list:
    return list_of(shape, text_of(shape));
  case ShapeType::text_map: // a plain number is text where text is meant
    return {{"type", "object"},
            {"propertyNames", {{"pattern", shape.pattern}}},
            {"additionalProperties", {{"type", {"string", "number", "boolean"}}}}};
  case ShapeType::section:
    return section_of(shape);
  case ShapeType::section_list:
    return list_of(shape, section_of(shape));
  }
  return Json::object();
}

// The default with the type that the schema says.
Json initial_of(const FieldShape& field) {
  if (field.shape.type == ShapeType::boolean) return field.initial == "true";
  if (field.shape.type == ShapeType::number) return std::stoull(field.initial);
  if (field.shape.type == ShapeType::decimal) return std::stod(field.initial);
  // What yaml_text() puts between quotes is a JSON string too.
  return field.initial.front() == '"' ? Json::parse(field.initial) : Json(field.initial);
}

Json schema_of(const FieldShape& field) {
  const Shape& shape = field.shape;
  Json schema = type_of(shape);
  std::string description = field.text;
  if (!field.condition.empty()) description += " Only for " + field.condition + ".";
  if (shape.type != ShapeType::section) description += " (" + shape.what + ")";
  schema["description"] = description;
  const bool is_list = shape.type == ShapeType::text_list || shape.type == ShapeType::text_map ||
                       shape.type == ShapeType::section_list;
  if (!field.is_required && !field.initial.empty() && !is_list) {
    schema["default"] = initial_of(field);
  }
  if (shape.type != ShapeType::section) {
    schema["x-reload"] = field.reload == Reload::live ? "live" : "restart";
  }
  return schema;
}

} // namespace

std::string json_schema() {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "Selvedge configuration"}};
  schema.update(object_of(config_section().shapes()));
  return schema.dump(2) + "\n";
}

} // namespace selvedge::config
