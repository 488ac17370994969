// The small grammars of fields: dates, Cache-Control, lists and entity tags.
#include <selvedge/http/cache_control.hpp>
#include <selvedge/http/http_date.hpp>
#include <selvedge/http/validator.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <string>

using namespace selvedge;
using namespace selvedge::http;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

void read_date(std::string_view text) {
  const auto date = parse_http_date(text, kNow);
  if (!date) return;
  fuzz::require(parse_http_date(http_date(*date), kNow) == date, "a date reads back as the same");
}

void read_cache_control(std::string_view text) {
  FieldList fields;
  fields.add(FieldName::cache_control, text);
  const CacheControl control = parse_cache_control(fields);
  fuzz::require(control.is_present, "the field is there");
  for (const auto& seconds : {control.max_age, control.s_maxage, control.stale_while_revalidate}) {
    if (seconds) fuzz::require(seconds->count() >= 0, "a lifetime is not negative");
  }
}

void read_list(std::string_view text) {
  std::size_t total = 0;
  for_each_element(text, [&](std::string_view element) {
    fuzz::require(!element.empty() && trim(element) == element, "an element is trimmed");
    fuzz::require(element.data() >= text.data() &&
                      element.data() + element.size() <= text.data() + text.size(),
                  "an element is part of the list");
    total += element.size();
    return true;
  });
  fuzz::require(total <= text.size(), "elements do not overlap");
}

void read_tag(std::string_view text) {
  const auto tag = parse_entity_tag(text);
  RequestHead request;
  request.fields.add(FieldName::if_none_match, text);
  const bool is_same = is_not_modified(request, {text, {}, {}}, kNow, kNow);
  if (!tag) return;
  fuzz::require(matches_weakly(*tag, *tag), "a tag matches itself");
  fuzz::require(is_same, "If-None-Match with the tag itself matches");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_date(text);
  read_cache_control(text);
  read_list(text);
  read_tag(text);
  return 0;
}
