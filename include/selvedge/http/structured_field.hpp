// Structured field values (RFC 9651, which replaces RFC 8941): read as a whole or not at all. For
// the few fields that are so defined, on the way of a miss: values own their text.
#pragma once

#include <selvedge/http/field.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace selvedge::http {

struct SfDecimal {
  std::int64_t thousandths = 0;
};
struct SfString {
  std::string text; // without quotes and escapes
};
struct SfToken {
  std::string text;
};
struct SfBytes {
  std::string bytes; // decoded
};
struct SfDate {
  std::int64_t seconds = 0; // since 1970
};
struct SfDisplayString {
  std::string text; // UTF-8, decoded
};

using SfBareItem = std::variant<std::int64_t, SfDecimal, SfString, SfToken, SfBytes, bool, SfDate,
                                SfDisplayString>;
// In order; of a repeated key the last value, at the place of the first (RFC 9651, 4.2.3.2).
using SfParameters = std::vector<std::pair<std::string, SfBareItem>>;

struct SfItem {
  SfBareItem value;
  SfParameters parameters;
};
struct SfInnerList {
  std::vector<SfItem> items;
  SfParameters parameters;
};
using SfMember = std::variant<SfItem, SfInnerList>;
using SfList = std::vector<SfMember>;
// As SfParameters (RFC 9651, 4.2.2).
using SfDictionary = std::vector<std::pair<std::string, SfMember>>;

// Nothing where the text is not of that type. An empty text is an empty list or dictionary, and no
// item.
std::optional<SfList> parse_sf_list(std::string_view text);
std::optional<SfDictionary> parse_sf_dictionary(std::string_view text);
std::optional<SfItem> parse_sf_item(std::string_view text);

// All lines of a field as one value, joined with commas (RFC 9651, 4.2).
std::string joined_value(const FieldList& fields, FieldName name);

// The members of a List of Strings, the form of Cache-Groups (RFC 9875, 2). Nothing where it is not
// one.
std::optional<std::vector<std::string>> parse_sf_strings(std::string_view text);

} // namespace selvedge::http
