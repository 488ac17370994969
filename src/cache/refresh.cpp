#include <selvedge/cache/refresh.hpp>

#include <selvedge/http/validator.hpp>

namespace selvedge::cache {

namespace {

using http::FieldName;

// RFC 9111, 3.2: what the use of the stored bytes depends on.
bool describes_stored_bytes(FieldName id) {
  return id == FieldName::content_encoding || id == FieldName::content_length ||
         id == FieldName::content_range;
}

} // namespace

bool is_confirmed_by(const http::ResponseHead& not_modified, const StoredResponse& stored) {
  const std::string_view modified = not_modified.fields.value(FieldName::last_modified);
  const auto etag = http::parse_entity_tag(not_modified.fields.value(FieldName::etag));
  if (etag) {
    const auto ours = http::parse_entity_tag(stored.etag());
    if (ours) {
      return etag->is_weak ? http::matches_weakly(*etag, *ours)
                           : http::matches_strongly(*etag, *ours);
    }
    // Tagged since then: the date must have confirmed it.
    return stored.etag().empty() && !modified.empty() && modified == stored.last_modified();
  }
  // With an entity tag in the condition, it was that which the origin compared.
  if (modified.empty() || !stored.etag().empty()) return true;
  return modified == stored.last_modified();
}

bool agrees_with_head(const http::ResponseHead& head, const StoredResponse& stored) {
  const std::string_view etag = head.fields.value(FieldName::etag);
  const std::string_view modified = head.fields.value(FieldName::last_modified);
  if (!etag.empty() && etag != stored.etag()) return false;
  if (!modified.empty() && modified != stored.last_modified()) return false;
  return !head.content_length || head.content_length == stored.body().length();
}

http::FieldList updated_fields(const http::HeadBlock& stored, const http::FieldList& update) {
  http::FieldList fields;
  for (const http::Field& old : stored.fields()) {
    if (describes_stored_bytes(old.id) || update.find(old.name) == nullptr) fields.add(old);
  }
  for (const http::Field& field : update) {
    if (!describes_stored_bytes(field.id)) fields.add(field);
  }
  return fields;
}

} // namespace selvedge::cache
