// No-Vary-Search: which parts of the query do not tell responses apart (the field of that name, in
// draft-ietf-httpbis-no-vary-search). Such a response is stored under its URL without query, and
// says in the first line of its vary text which queries it answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace selvedge::cache {

struct NoVarySearch {
  bool ignores_order = false; // key-order
  bool ignores_all = false;   // params, or params with except
  // Decoded names: with ignores_all those that count all the same, else those that do not count.
  std::vector<std::string> names;

  bool is_default() const { return !ignores_order && !ignores_all && names.empty(); }
};

// The default, by which every part counts, where the value is malformed or says nothing.
NoVarySearch parse_no_vary_search(std::string_view value);

// Whether the query is short enough to be compared by parts. A longer one is a name of its own.
bool is_comparable(std::string_view target);

// What begins the line of a vary text that is about the query.
inline constexpr char kQueryLine = '?';
// "?rule query\\n", of a response to `target`.
std::string query_line(const NoVarySearch& rule, std::string_view target);
// `line` without its end. Whether a request for `target` means the same.
bool matches_query_line(std::string_view line, std::string_view target);

} // namespace selvedge::cache
