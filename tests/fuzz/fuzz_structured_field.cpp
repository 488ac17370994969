// Structured fields: what is read and written as RFC 9651, 4.1 says reads back as the same; and
// targeted fields are never more than a Dictionary allows.
#include <selvedge/http/cache_control.hpp>
#include <selvedge/http/structured_field.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <set>
#include <string>

using namespace selvedge;
using namespace selvedge::http;

namespace {

std::string escaped_with_backslash(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string escaped_with_percent(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f && c != '%' && c != '"') {
      out.push_back(c);
    } else {
      out.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const std::uint32_t bits = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
    for (unsigned digit = 0; digit < 4; ++digit) {
      const bool is_padding = i + digit > bytes.size();
      out.push_back(is_padding ? '=' : kDigits[(bits >> (18 - 6 * digit)) & 63]);
    }
  }
  return out;
}

struct Writing {
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(const SfDecimal& value) const {
    const std::int64_t size = value.thousandths < 0 ? -value.thousandths : value.thousandths;
    fuzz::require(size <= 999'999'999'999'999, "a decimal has 12 digits and 3 at most");
    return (value.thousandths < 0 ? "-" : "") + std::to_string(size / 1000) + "." +
           std::to_string(1000 + size % 1000).substr(1);
  }
  std::string operator()(const SfString& value) const {
    return '"' + escaped_with_backslash(value.text) + '"';
  }
  std::string operator()(const SfToken& value) const { return value.text; }
  std::string operator()(const SfBytes& value) const { return ":" + base64(value.bytes) + ":"; }
  std::string operator()(bool value) const { return value ? "?1" : "?0"; }
  std::string operator()(const SfDate& value) const { return "@" + std::to_string(value.seconds); }
  std::string operator()(const SfDisplayString& value) const {
    return "%\"" + escaped_with_percent(value.text) + '"';
  }
};

std::string written(const SfParameters& parameters) {
  std::string text;
  for (const auto& [key, value] : parameters) {
    text += ";" + key + "=" + std::visit(Writing{}, value);
  }
  return text;
}

std::string written(const SfItem& item) {
  return std::visit(Writing{}, item.value) + written(item.parameters);
}

std::string written(const SfMember& member) {
  if (const auto* item = std::get_if<SfItem>(&member)) return written(*item);
  const auto& list = std::get<SfInnerList>(member);
  std::string text = "(";
  for (const SfItem& item : list.items) text += (text.size() > 1 ? " " : "") + written(item);
  return text + ")" + written(list.parameters);
}

std::string written(const SfList& list) {
  std::string text;
  for (const SfMember& member : list) text += (text.empty() ? "" : ", ") + written(member);
  return text;
}

std::string written(const SfDictionary& dictionary) {
  std::string text;
  std::set<std::string> keys;
  for (const auto& [key, member] : dictionary) {
    fuzz::require(keys.insert(key).second, "a key is there once");
    text += (text.empty() ? "" : ", ") + key + "=" + written(member);
  }
  return text;
}

template <typename Parse> void read(std::string_view text, Parse parse) {
  const auto value = parse(text);
  if (!value) return;
  const std::string once = written(*value);
  const auto again = parse(once);
  fuzz::require(again.has_value(), "what is written can be read");
  fuzz::require(written(*again) == once, "it reads back as the same");
}

void read_targeted(std::string_view text) {
  FieldList fields;
  fields.add(FieldName::cdn_cache_control, text);
  fields.add(FieldName::surrogate_control, text);
  const auto control = parse_targeted_control(fields, FieldName::cdn_cache_control);
  if (control) {
    const auto dictionary = parse_sf_dictionary(text);
    fuzz::require(dictionary && !dictionary->empty(), "a Dictionary decides");
    if (control->max_age) fuzz::require(control->max_age->count() >= 0, "max-age >= 0");
    for (std::string_view name : control->private_fields) {
      fuzz::require(is_token(name), "a field name is a token");
      fuzz::require(name.data() >= text.data() &&
                        name.data() + name.size() <= text.data() + text.size(),
                    "a field name is part of the field");
    }
  }
  const auto surrogate = parse_surrogate_control(fields);
  if (surrogate) fuzz::require(surrogate->max_age || surrogate->no_store, "it says something");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read(text, parse_sf_item);
  read(text, parse_sf_list);
  read(text, parse_sf_dictionary);
  read_targeted(text);
  return 0;
}
