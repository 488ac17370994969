#include <selvedge/http/validator.hpp>

#include <selvedge/http/http_date.hpp>

namespace selvedge::http {

namespace {

// RFC 9110, 8.8.3: no space, no quote, no control. A backslash is a character like any other, which
// is why lists of tags are not read as lists of quoted strings.
bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != '"' && byte != 0x7f;
}

// The entity tag at the beginning of `text`, taken off it.
std::optional<EntityTag> take_entity_tag(std::string_view& text) {
  EntityTag tag;
  std::size_t begin = 0;
  if (text.starts_with("W/")) {
    tag.is_weak = true;
    begin = 2;
  }
  if (begin >= text.size() || text[begin] != '"') return std::nullopt;
  std::size_t end = begin + 1;
  while (end < text.size() && is_tag_character(text[end])) ++end;
  if (end == text.size() || text[end] != '"') return std::nullopt;
  tag.opaque = text.substr(begin, end + 1 - begin);
  text.remove_prefix(end + 1);
  return tag;
}

bool lists_tag(std::string_view list, const EntityTag& tag) {
  while (true) {
    const std::size_t next = list.find_first_not_of(" \t,");
    if (next == std::string_view::npos) return false;
    list.remove_prefix(next);
    const auto listed = take_entity_tag(list);
    if (!listed) return false; // what follows a malformed member cannot be told apart
    if (matches_weakly(*listed, tag)) return true;
  }
}

bool none_match_is_false(const FieldList& fields, std::string_view etag) {
  const auto tag = parse_entity_tag(etag);
  for (const Field& field : fields) {
    if (field.id != FieldName::if_none_match) continue;
    if (trim(field.value) == "*") return true; // there is a current representation
    if (tag && lists_tag(field.value, *tag)) return true;
    // What an origin wrote without quotes, and a client repeats as it got it.
    if (!tag && !etag.empty() && trim(field.value) == trim(etag)) return true;
  }
  return false;
}

// RFC 9111, 4.3.2: what If-Modified-Since is compared with. Nothing where the field that counts is
// not a date: then nobody can say.
std::optional<std::chrono::sys_seconds> modification_date(const Validators& validators,
                                                          std::chrono::sys_seconds received,
                                                          std::chrono::sys_seconds now) {
  if (!validators.last_modified.empty()) return parse_http_date(validators.last_modified, now);
  if (!validators.date.empty()) return parse_http_date(validators.date, now);
  return received;
}

} // namespace

std::optional<EntityTag> parse_entity_tag(std::string_view text) {
  text = trim(text);
  const auto tag = take_entity_tag(text);
  if (!tag || !text.empty()) return std::nullopt;
  return tag;
}

bool matches_weakly(const EntityTag& a, const EntityTag& b) {
  return a.opaque == b.opaque;
}

bool matches_strongly(const EntityTag& a, const EntityTag& b) {
  return !a.is_weak && !b.is_weak && a.opaque == b.opaque;
}

bool is_not_modified(const RequestHead& request, const Validators& validators,
                     std::chrono::sys_seconds received, std::chrono::sys_seconds now) {
  if (request.method != Method::get && request.method != Method::head) return false;
  if (request.fields.find(FieldName::if_none_match) != nullptr) {
    return none_match_is_false(request.fields, validators.etag);
  }
  // RFC 9110, 13.1.3: ignored when it is repeated or not a date.
  if (request.fields.count(FieldName::if_modified_since) != 1) return false;
  const auto since = parse_http_date(request.fields.value(FieldName::if_modified_since), now);
  const auto modified = modification_date(validators, received, now);
  return since && modified && *modified <= *since;
}

} // namespace selvedge::http
