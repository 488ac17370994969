// What HPACK makes of each field name: its index in the static table (RFC 7541, Appendix A), and
// whether its fields enter the dynamic one. Thread: any.
#pragma once

#include <selvedge/http/field.hpp>

#include <array>
#include <cstdint>

namespace selvedge::codec::hpack {

// Which fields enter the dynamic table.
enum class Indexing : std::uint8_t {
  always,        // one of few values, on most responses
  when_repeated, // the first of its name, so that the name has an index; then what is sent again
                 // soon
  never,         // a secret: not to be found by trying what makes a block shorter (RFC 7541, 7.1)
};

struct NameRule {
  std::uint8_t static_index = 0; // 0: none
  // What differs by object or by time would push out what all responses share.
  Indexing indexing = Indexing::when_repeated;
};

constexpr std::array<NameRule, 64> make_name_rules() {
  using enum http::FieldName;
  using enum Indexing;
  struct Row {
    http::FieldName name;
    NameRule rule;
  };
  constexpr Row kRows[] = {
      {accept_encoding, {16, when_repeated}},
      {accept_language, {17, when_repeated}},
      {accept_ranges, {18, always}},
      {age, {21, when_repeated}}, // a second
      {allow, {22, when_repeated}},
      {authorization, {23, never}},
      {cache_control, {24, always}},
      {cdn_cache_control, {0, always}},
      {content_encoding, {26, always}},
      {content_length, {28, when_repeated}},   // an object
      {content_location, {29, when_repeated}}, // an object
      {content_range, {30, when_repeated}},    // a part of an object
      {content_type, {31, always}},
      {cookie, {32, never}},
      {date, {33, when_repeated}}, // a second
      {etag, {34, when_repeated}}, // an object
      {expect, {35, when_repeated}},
      {expires, {36, when_repeated}}, // an object
      {host, {38, when_repeated}},
      {if_match, {39, when_repeated}},
      {if_modified_since, {40, when_repeated}},
      {if_none_match, {41, when_repeated}},
      {if_range, {42, when_repeated}},
      {if_unmodified_since, {43, when_repeated}},
      {last_modified, {44, when_repeated}}, // an object
      {link, {45, when_repeated}},          // a page
      {location, {46, when_repeated}},
      {no_vary_search, {0, always}},
      {proxy_authenticate, {48, when_repeated}},
      {proxy_authentication_info, {0, never}},
      {proxy_authorization, {49, never}},
      {range, {50, when_repeated}},
      {retry_after, {53, when_repeated}},
      {server, {54, always}},
      {set_cookie, {55, never}},
      {surrogate_control, {0, always}},
      {transfer_encoding, {57, when_repeated}},
      {user_agent, {58, when_repeated}},
      {vary, {59, always}},
      {via, {60, always}},
  };
  std::array<NameRule, 64> rules{};
  for (const Row& row : kRows) rules[static_cast<std::size_t>(row.name)] = row.rule;
  return rules;
}

constexpr std::array<NameRule, 64> kNameRules = make_name_rules();

struct StaticName {
  std::string_view name;
  std::uint8_t index;
};
// Those that responses have and that have no token.
constexpr StaticName kUnknownNames[] = {
    {"access-control-allow-origin", 20},
    {"content-disposition", 25},
    {"content-language", 27},
    {"refresh", 52},
    {"strict-transport-security", 56},
    {"www-authenticate", 61},
};
constexpr std::uint8_t static_index_of(std::string_view unknown_name) {
  for (const StaticName& one : kUnknownNames) {
    if (one.name == unknown_name) return one.index;
  }
  return 0;
}

// ":status"; 0 for one that the static table has not.
constexpr std::uint8_t static_index_of_status(unsigned status) {
  switch (status) {
  case 200:
    return 8;
  case 204:
    return 9;
  case 206:
    return 10;
  case 304:
    return 11;
  case 400:
    return 12;
  case 404:
    return 13;
  case 500:
    return 14;
  default:
    return 0;
  }
}

} // namespace selvedge::codec::hpack
