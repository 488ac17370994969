// Fields that say to some caches only what Cache-Control says to all (RFC 9213), and their
// predecessor Surrogate-Control (Edge Architecture Specification 1.0, 2.2).
#include "cache_directives.hpp"

#include <selvedge/http/structured_field.hpp>

namespace selvedge::http {

namespace {

using Seconds = std::chrono::seconds;

// RFC 9111, 1.2.2. Requires: not negative.
Seconds delta_seconds(std::int64_t value) {
  return Seconds{std::min(value, std::int64_t{1} << 31)};
}

// `name` where it stands in a field of the list: what CacheControl keeps outlives the joined value.
std::string_view within(const FieldList& fields, FieldName id, std::string_view name) {
  for (const Field& field : fields) {
    if (field.id != id) continue;
    const std::size_t at = field.value.find(name);
    if (at != std::string_view::npos) return field.value.substr(at, name.size());
  }
  return {};
}

// Puts the members of one targeted field into a CacheControl. False where a directive has a value
// of another type than its definition implies (RFC 9213, 2.1).
class TargetedReading {
public:
  TargetedReading(const FieldList& fields, FieldName name) : fields_(fields), name_(name) {
    control_.is_present = true;
  }

  bool apply(std::string_view directive, const SfMember& member) {
    // Parameters on a directive do not matter (RFC 9213, 2.1).
    const auto* item = std::get_if<SfItem>(&member);
    const SfBareItem* value = item == nullptr ? nullptr : &item->value;
    for (const FlagDirective& known : kFlagDirectives) {
      if (directive == known.name) return set_flag(control_.*known.member, value);
    }
    for (const DurationDirective& known : kDurationDirectives) {
      if (directive == known.name) return set_seconds(control_.*known.member, value);
    }
    for (const FieldsDirective& known : kFieldsDirectives) {
      if (directive == known.name) return set_fields(known, value);
    }
    if (directive == "max-stale") {
      bool is_any = false;
      if (!set_flag(is_any, value)) return set_seconds(control_.max_stale, value);
      if (is_any) control_.max_stale = Seconds::max();
    }
    return true;
  }

  CacheControl taken() { return std::move(control_); }

private:
  static bool set_flag(bool& flag, const SfBareItem* value) {
    const bool* is_set = value == nullptr ? nullptr : std::get_if<bool>(value);
    if (is_set == nullptr) return false;
    flag = *is_set;
    return true;
  }

  static bool set_seconds(std::optional<Seconds>& seconds, const SfBareItem* value) {
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    if (number == nullptr || *number < 0) return false;
    seconds = delta_seconds(*number);
    return true;
  }

  // True, or a String that lists field names.
  bool set_fields(const FieldsDirective& known, const SfBareItem* value) {
    if (set_flag(control_.*known.whole, value)) return true;
    const auto* list = value == nullptr ? nullptr : std::get_if<SfString>(value);
    if (list == nullptr) return false;
    for (std::string_view name : field_names_of(list->text)) {
      (control_.*known.fields).push_back(within(fields_, name_, name));
    }
    control_.*known.whole = (control_.*known.fields).empty();
    return true;
  }

  const FieldList& fields_;
  FieldName name_;
  CacheControl control_;
};

// "60" or "60+30": fresh for the first number of seconds, then to be served while it is
// revalidated for the second. What is not a number makes the response stale, as in Cache-Control.
void set_surrogate_max_age(CacheControl& control, std::string_view argument) {
  if (control.max_age) return;
  const std::size_t plus = argument.find('+');
  control.max_age = parse_delta_seconds(trim(argument.substr(0, plus))).value_or(Seconds{0});
  if (plus == std::string_view::npos) return;
  const auto stale = parse_delta_seconds(trim(argument.substr(plus + 1)));
  if (stale && !control.stale_while_revalidate) control.stale_while_revalidate = stale;
}

void apply_surrogate(CacheControl& control, std::string_view element) {
  // A directive may name the one surrogate that it is for. A node has no such name: it sends no
  // Surrogate-Capability.
  if (element.find(';') != std::string_view::npos) return;
  const std::size_t equals = element.find('=');
  const std::string_view name = trim(element.substr(0, equals));
  const std::string_view argument =
      equals == std::string_view::npos ? std::string_view{} : trim(element.substr(equals + 1));
  if (equals_ignoring_case(name, "max-age")) {
    set_surrogate_max_age(control, argument);
  } else if (equals_ignoring_case(name, "no-store") ||
             equals_ignoring_case(name, "no-store-remote")) {
    // An edge is remote: other people's machine, far from the origin.
    control.no_store = true;
  }
}

} // namespace

std::optional<CacheControl> parse_targeted_control(const FieldList& fields, FieldName name) {
  if (fields.find(name) == nullptr) return std::nullopt;
  const auto directives = parse_sf_dictionary(joined_value(fields, name));
  if (!directives || directives->empty()) return std::nullopt;
  TargetedReading reading(fields, name);
  for (const auto& [directive, member] : *directives) {
    if (!reading.apply(directive, member)) return std::nullopt;
  }
  return reading.taken();
}

std::optional<CacheControl> parse_surrogate_control(const FieldList& fields) {
  CacheControl control;
  control.is_present = true;
  for_each_element(fields, FieldName::surrogate_control, [&control](std::string_view element) {
    apply_surrogate(control, element);
    return true;
  });
  if (!control.max_age && !control.no_store) return std::nullopt;
  return control;
}

EffectiveControl effective_control(const FieldList& response, std::span<const FieldName> targets) {
  for (FieldName target : targets) {
    auto control = target == FieldName::surrogate_control
                       ? parse_surrogate_control(response)
                       : parse_targeted_control(response, target);
    if (control) return {std::move(*control), target};
  }
  return {parse_cache_control(response), FieldName::cache_control};
}

} // namespace selvedge::http
