#include "cache_directives.hpp"

#include <string>

namespace selvedge::http {

namespace {

using Seconds = std::chrono::seconds;

struct Directive {
  std::string_view name;
  std::optional<std::string_view> argument; // without its quotes; nothing: there is no "="
  bool is_malformed = false;                // quotes that do not enclose all of the argument
};

// Where the quoted-string that `text` begins with ends: the place of its closing quote (RFC 9110,
// 5.6.4).
std::size_t closing_quote(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

Directive split(std::string_view element) {
  const std::size_t equals = element.find('=');
  if (equals == std::string_view::npos) return {element, std::nullopt};
  Directive directive{trim(element.substr(0, equals)), trim(element.substr(equals + 1))};
  std::string_view& argument = *directive.argument;
  if (argument.starts_with('"')) {
    directive.is_malformed = closing_quote(argument) != argument.size() - 1;
    if (!directive.is_malformed) argument = argument.substr(1, argument.size() - 2);
  }
  return directive;
}

// What a quoted-string says: a backslash is taken off each quoted-pair.
std::string without_escapes(std::string_view text) {
  std::string said;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    said.push_back(text[i]);
  }
  return said;
}

std::optional<Seconds> seconds_of(const Directive& directive) {
  if (directive.is_malformed) return std::nullopt;
  const std::string_view text = directive.argument.value_or("");
  if (text.find('\\') == std::string_view::npos) return parse_delta_seconds(text);
  return parse_delta_seconds(without_escapes(text));
}

// The first of a repeated directive counts (RFC 9111, 4.2.1), also where it was not a number.
void set_once(std::optional<Seconds>& to, const Directive& directive) {
  if (!to) to = seconds_of(directive).value_or(Seconds{0});
}

// Of a directive that is repeated all lists count: leaving one out could serve what it protects.
void add_fields(CacheControl& control, const FieldsDirective& known, const Directive& directive) {
  FieldNames names;
  if (directive.argument && !directive.is_malformed) names = field_names_of(*directive.argument);
  if (names.empty()) control.*known.whole = true;
  FieldNames& all = control.*known.fields;
  all.insert(all.end(), names.begin(), names.end());
}

void apply(CacheControl& control, const Directive& directive) {
  for (const FlagDirective& known : kFlagDirectives) {
    if (equals_ignoring_case(directive.name, known.name)) {
      control.*known.member = true;
      return;
    }
  }
  for (const DurationDirective& known : kDurationDirectives) {
    if (equals_ignoring_case(directive.name, known.name)) {
      set_once(control.*known.member, directive);
      return;
    }
  }
  for (const FieldsDirective& known : kFieldsDirectives) {
    if (equals_ignoring_case(directive.name, known.name)) {
      add_fields(control, known, directive);
      return;
    }
  }
  if (equals_ignoring_case(directive.name, "max-stale")) {
    // RFC 9111, 5.2.1.2: without an argument, any staleness will do.
    if (directive.argument)
      set_once(control.max_stale, directive);
    else if (!control.max_stale)
      control.max_stale = Seconds::max();
  }
}

} // namespace

FieldNames field_names_of(std::string_view list) {
  FieldNames names;
  for_each_element(list, [&names](std::string_view element) {
    if (is_token(element)) {
      names.push_back(element);
      return true;
    }
    names.clear();
    return false;
  });
  return names;
}

std::optional<Seconds> parse_delta_seconds(std::string_view text) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 31;
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = std::min(seconds * 10 + (c - '0'), kLargest);
  }
  return Seconds{seconds};
}

CacheControl parse_cache_control(const FieldList& fields, FieldName name) {
  CacheControl control;
  if (!fields.may_have(bit_of(name))) return control;
  for (const Field& field : fields) {
    if (field.id != name) continue;
    control.is_present = true;
    for_each_element(field.value, [&control](std::string_view element) {
      apply(control, split(element));
      return true;
    });
  }
  return control;
}

} // namespace selvedge::http
