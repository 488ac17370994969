// The algorithms of RFC 9651, 4.2, one function each: every one takes what it reads off the front
// of the text, and gives nothing where the text must fail.
#include "structured_item.hpp"

namespace selvedge::http {

namespace {

// RFC 9651, 3.2 asks for 1024 at least. A key is looked for among those before it, so there is an
// end to them.
constexpr std::size_t kMostMembers = 1024;

void skip_optional_space(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Behind a member: true at the end of the text or at the next member.
bool goes_on(std::string_view& text) {
  skip_optional_space(text);
  if (text.empty()) return true;
  if (!sf::take(text, ',')) return false;
  skip_optional_space(text);
  return !text.empty(); // no comma at the end
}

// RFC 9651, 4.2.1.2
std::optional<SfInnerList> take_inner_list(std::string_view& text) {
  if (!sf::take(text, '(')) return std::nullopt;
  SfInnerList list;
  for (;;) {
    sf::skip_spaces(text);
    if (sf::take(text, ')')) break;
    auto item = sf::take_item(text);
    if (!item) return std::nullopt;
    list.items.push_back(std::move(*item));
    if (text.empty() || (text.front() != ' ' && text.front() != ')')) return std::nullopt;
  }
  auto parameters = sf::take_parameters(text);
  if (!parameters) return std::nullopt;
  list.parameters = std::move(*parameters);
  return list;
}

// RFC 9651, 4.2.1.1
std::optional<SfMember> take_member(std::string_view& text) {
  if (text.starts_with('(')) {
    auto list = take_inner_list(text);
    if (!list) return std::nullopt;
    return SfMember(std::move(*list));
  }
  auto item = sf::take_item(text);
  if (!item) return std::nullopt;
  return SfMember(std::move(*item));
}

// A key without a value is true (RFC 9651, 4.2.2).
std::optional<SfMember> take_member_value(std::string_view& text) {
  if (sf::take(text, '=')) return take_member(text);
  auto parameters = sf::take_parameters(text);
  if (!parameters) return std::nullopt;
  return SfMember(SfItem{true, std::move(*parameters)});
}

} // namespace

std::optional<SfList> parse_sf_list(std::string_view text) {
  text = without_spaces(text);
  SfList list;
  while (!text.empty()) {
    auto member = take_member(text);
    if (!member || !goes_on(text)) return std::nullopt;
    list.push_back(std::move(*member));
  }
  return list;
}

std::optional<SfDictionary> parse_sf_dictionary(std::string_view text) {
  text = without_spaces(text);
  SfDictionary dictionary;
  while (!text.empty()) {
    const auto key = sf::take_key(text);
    if (!key) return std::nullopt;
    auto member = take_member_value(text);
    if (!member || !goes_on(text)) return std::nullopt;
    sf::set(dictionary, *key, std::move(*member));
    if (dictionary.size() > kMostMembers) return std::nullopt;
  }
  return dictionary;
}

std::optional<SfItem> parse_sf_item(std::string_view text) {
  text = without_spaces(text);
  auto item = sf::take_item(text);
  if (!item || !text.empty()) return std::nullopt;
  return item;
}

std::string joined_value(const FieldList& fields, FieldName name) {
  std::string value;
  bool is_first = true;
  for (const Field& field : fields) {
    if (field.id != name) continue;
    if (!is_first) value.append(", ");
    value.append(field.value);
    is_first = false;
  }
  return value;
}

std::optional<std::vector<std::string>> parse_sf_strings(std::string_view text) {
  auto list = parse_sf_list(text);
  if (!list) return std::nullopt;
  std::vector<std::string> strings;
  strings.reserve(list->size());
  for (SfMember& member : *list) {
    auto* const item = std::get_if<SfItem>(&member);
    auto* const string = item == nullptr ? nullptr : std::get_if<SfString>(&item->value);
    if (string == nullptr) return std::nullopt;
    strings.push_back(std::move(string->text));
  }
  return strings;
}

} // namespace selvedge::http
