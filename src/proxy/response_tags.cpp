#include "response_tags.hpp"

#include "written_url.hpp"

#include <selvedge/http/structured_field.hpp>

namespace selvedge::proxy {

namespace {

using cache::TagKind;
using http::FieldName;

template <typename Visit>
void for_each_word(std::string_view text, std::string_view separators, Visit visit) {
  while (true) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string_view separators_of(FieldName name) {
  switch (name) {
  case FieldName::surrogate_key:
    return " \t";
  case FieldName::cache_tag:
    return ",\t "; // no tag has a space
  case FieldName::xkey:
    return ", \t";
  default:
    return {};
  }
}

} // namespace

std::optional<cache::Tags> response_tags(cache::PurgeIndex& index, const http::RequestHead& request,
                                         const http::FieldList& response, std::string_view key) {
  cache::Tags tags;
  bool fits = true;
  const auto add = [&](TagKind kind, std::string_view name) {
    fits = fits && tags.size() < kMaxTags;
    if (fits) tags.push_back(index.intern(kind, name));
  };
  for (const http::Field& field : response) {
    const std::string_view separators = separators_of(field.id);
    if (separators.empty()) continue;
    for_each_word(field.value, separators, [&](std::string_view tag) { add(TagKind::key, tag); });
  }
  if (response.find(FieldName::cache_groups) != nullptr) {
    const std::string value = http::joined_value(response, FieldName::cache_groups);
    if (const auto groups = http::parse_sf_strings(value)) {
      const std::string origin = written_origin(request) + " ";
      for (const std::string& group : *groups) add(TagKind::group, origin + group);
    }
  }
  if (!fits) return std::nullopt;
  cache::add_place_tags(index, key, tags);
  return tags;
}

} // namespace selvedge::proxy
