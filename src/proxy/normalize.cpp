#include "normalize.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace selvedge::proxy {

namespace {

using http::FieldName;

// A member of an Accept-like field, with its weight in thousandths (RFC 9110, 12.4.2).
struct Member {
  std::string_view name;
  unsigned weight = 1000;
};

unsigned weight_of(std::string_view parameters) {
  const std::size_t at = std::min(parameters.find("q="), parameters.find("Q="));
  if (at == std::string_view::npos) return 1000;
  std::string_view digits = parameters.substr(at + 2);
  if (digits.empty() || digits.front() != '0') return 1000;
  unsigned weight = 0;
  unsigned unit = 100;
  if (digits.size() > 1 && digits[1] == '.') {
    for (const char digit : digits.substr(2, 3)) {
      if (digit < '0' || digit > '9') break;
      weight += static_cast<unsigned>(digit - '0') * unit;
      unit /= 10;
    }
  }
  return weight;
}

std::vector<Member> members_of(const http::FieldList& fields, FieldName id, std::string_view name) {
  std::vector<Member> members;
  for (const http::Field& field : fields) {
    const bool is_it =
        id != FieldName::unknown ? field.id == id : http::equals_ignoring_case(field.name, name);
    if (!is_it) continue;
    http::for_each_element(field.value, [&members](std::string_view element) {
      const std::size_t semicolon = element.find(';');
      Member member{http::trim(element.substr(0, semicolon)), 1000};
      if (semicolon != std::string_view::npos) member.weight = weight_of(element.substr(semicolon));
      members.push_back(member);
      return true;
    });
  }
  return members;
}

// RFC 9110, 12.5.4 (RFC 4647, 3.3.1): "en" is asked for by "en", and by "en-GB" when only that is
// kept; a range also admits what begins with it.
bool admits(std::string_view range, std::string_view kept) {
  if (range == "*" || http::equals_ignoring_case(range, kept)) return true;
  const std::string_view& shorter = range.size() < kept.size() ? range : kept;
  const std::string_view& longer = range.size() < kept.size() ? kept : range;
  return longer.size() > shorter.size() && longer[shorter.size()] == '-' &&
         http::equals_ignoring_case(longer.substr(0, shorter.size()), shorter);
}

unsigned weight_for(const std::vector<Member>& members, std::string_view kept, bool by_prefix) {
  unsigned star = 0;
  for (const Member& member : members) {
    if (member.name == "*") star = member.weight;
    if (http::equals_ignoring_case(member.name, kept)) return member.weight;
  }
  if (!by_prefix) return star;
  std::optional<unsigned> best; // of those that say more than "*"
  for (const Member& member : members) {
    if (member.name == "*" || !admits(member.name, kept)) continue;
    best = std::max(best.value_or(0), member.weight);
  }
  return best.value_or(star);
}

// All kept codings that the client accepts; "identity" when there is none.
std::string kept_codings(const std::vector<Member>& members, const std::vector<std::string>& keep) {
  std::string value;
  for (const std::string& one : keep) {
    if (weight_for(members, one, false) == 0) continue;
    value.append(value.empty() ? "" : ", ").append(one);
  }
  return value.empty() ? "identity" : value;
}

// The kept value with the greatest weight, the first of equals; the first where none is accepted.
std::string best_kept(const std::vector<Member>& members, const std::vector<std::string>& keep) {
  const std::string* best = &keep.front();
  unsigned weight = 0;
  for (const std::string& one : keep) {
    const unsigned its = weight_for(members, one, true);
    if (its > weight) {
      best = &one;
      weight = its;
    }
  }
  return *best;
}

void reduce(http::RequestHead& request, const NormalizeOptions& rule, base::Arena& arena) {
  const FieldName id = http::field_name_of(rule.field);
  const std::vector<Member> members = members_of(request.fields, id, rule.field);
  if (members.empty() || rule.keep.empty()) return;
  const std::string value = id == FieldName::accept_encoding ? kept_codings(members, rule.keep)
                                                             : best_kept(members, rule.keep);
  request.fields.remove_if(
      [&](const http::Field& field) { return http::equals_ignoring_case(field.name, rule.field); });
  request.fields.add(arena.copy(rule.field), arena.copy(value));
}

} // namespace

std::string_view normal_authority(std::string_view authority, std::string_view scheme,
                                  base::Arena& arena) {
  const std::string_view text = http::without_default_port(authority, scheme);
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::ranges::none_of(text, is_upper)) return text;
  std::string lower(text);
  for (char& c : lower) {
    if (is_upper(c)) c = static_cast<char>(c + ('a' - 'A'));
  }
  return arena.copy(lower);
}

void normalize(http::RequestHead& request, const Route& route, base::Arena& arena) {
  const bool may_be_stored =
      request.method == http::Method::get || request.method == http::Method::head;
  if (!route.policy.enabled || !may_be_stored) return;
  request.target = cache::normal_query(request.target, route.key, arena);
  for (const NormalizeOptions& rule : route.normalize) reduce(request, rule, arena);
}

} // namespace selvedge::proxy
