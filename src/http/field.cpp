#include <selvedge/http/field.hpp>

#include <array>

namespace selvedge::http {

namespace {

// RFC 9110, 5.6.2
constexpr std::array<bool, 256> make_token_characters() {
  std::array<bool, 256> is_token_character{};
  for (unsigned c = '0'; c <= '9'; ++c) is_token_character[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) is_token_character[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) is_token_character[c] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) {
    is_token_character[static_cast<unsigned char>(c)] = true;
  }
  return is_token_character;
}

constexpr std::array<bool, 256> kTokenCharacters = make_token_characters();

// A peer that lists one of these in Connection would make the next hop see another message than
// this one did: another site, other framing, another client address.
bool survives_connection(FieldName name) {
  switch (name) {
  case FieldName::cache_control:
  case FieldName::cdn_cache_control:
  case FieldName::content_length:
  case FieldName::forwarded:
  case FieldName::host:
  case FieldName::selvedge_cache_control:
  case FieldName::surrogate_control:
  case FieldName::vary:
  case FieldName::via:
  case FieldName::x_forwarded_for:
  case FieldName::x_forwarded_host:
  case FieldName::x_forwarded_proto:
    return true;
  default:
    return false;
  }
}

} // namespace

const Field* FieldList::search(FieldName id) const {
  for (const Field& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* FieldList::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view FieldList::value(FieldName id) const {
  const Field* field = find(id);
  return field == nullptr ? std::string_view{} : field->value;
}

std::size_t FieldList::count(FieldName id) const {
  if (!may_have(bit_of(id))) return 0;
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [id](const Field& field) { return field.id == id; }));
}

void FieldList::remove(FieldName id) {
  remove_if([id](const Field& field) { return field.id == id; });
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenCharacters[static_cast<unsigned char>(c)];
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
  });
}

namespace {

constexpr std::uint64_t make_hop_by_hop() {
  std::uint64_t names = 0;
  for (const FieldName name :
       {FieldName::connection, FieldName::keep_alive, FieldName::proxy_authenticate,
        FieldName::proxy_authentication_info, FieldName::proxy_authorization,
        FieldName::proxy_connection, FieldName::te, FieldName::trailer,
        FieldName::transfer_encoding, FieldName::upgrade}) {
    names |= bit_of(name);
  }
  return names;
}
constexpr std::uint64_t kHopByHop = make_hop_by_hop();

} // namespace

bool is_hop_by_hop(FieldName name) {
  return (kHopByHop & bit_of(name)) != 0;
}

void remove_hop_by_hop(FieldList& fields) {
  if (!fields.may_have(kHopByHop)) return; // Connection itself is one
  boost::container::small_vector<std::string_view, 8> named;
  for_each_element(fields, FieldName::connection, [&named](std::string_view option) {
    named.push_back(option);
    return true;
  });
  fields.remove_if([&named](const Field& field) {
    if (is_hop_by_hop(field.id)) return true;
    if (named.empty() || survives_connection(field.id)) return false;
    return std::any_of(named.begin(), named.end(), [&field](std::string_view option) {
      return equals_ignoring_case(field.name, option);
    });
  });
}

} // namespace selvedge::http
