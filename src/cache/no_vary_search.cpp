#include "no_vary_search.hpp"

#include "query.hpp"

#include <selvedge/http/structured_field.hpp>

#include <algorithm>

namespace selvedge::cache {

namespace {

using http::SfInnerList;
using http::SfItem;
using http::SfMember;
using http::SfString;

// Queries are compared under the lock of a stripe: what takes long is not compared at all.
constexpr std::size_t kMaxNames = 16;
constexpr std::size_t kMaxQuery = 512; // bytes

// Only letters, digits and -._~ stay as they are: nothing that separates parameters or lines.
std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool is_unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                               (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
                               c == '~';
    if (is_unreserved) {
      result.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
    }
  }
  return result;
}

bool counts(const NoVarySearch& rule, const std::string& name) {
  const bool is_listed = std::find(rule.names.begin(), rule.names.end(), name) != rule.names.end();
  return rule.ignores_all ? is_listed : !is_listed;
}

struct Parameter {
  std::string name;
  std::string value;
};

std::string normal_query(const NoVarySearch& rule, std::string_view target) {
  std::vector<Parameter> parameters;
  for_each_parameter(query_of(target), [&](std::string_view pair) {
    Parameter one{form_decoded(name_of(pair)), {}};
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos) one.value = form_decoded(pair.substr(equals + 1));
    if (counts(rule, one.name)) parameters.push_back(std::move(one));
  });
  if (rule.ignores_order) {
    std::stable_sort(parameters.begin(), parameters.end(),
                     [](const Parameter& a, const Parameter& b) { return a.name < b.name; });
  }
  std::string text;
  for (const Parameter& one : parameters) {
    if (!text.empty()) text.push_back('&');
    text.append(encoded(one.name)).append("=").append(encoded(one.value));
  }
  return text;
}

// "o" for the order, "a" for all, then the names: "oa:utm_source,x".
std::string rule_text(const NoVarySearch& rule) {
  std::string text;
  if (rule.ignores_order) text.push_back('o');
  if (rule.ignores_all) text.push_back('a');
  text.push_back(':');
  for (const std::string& name : rule.names) text.append(encoded(name)).append(",");
  return text;
}

NoVarySearch rule_of(std::string_view text) {
  NoVarySearch rule;
  const std::size_t colon = text.find(':');
  const std::string_view flags = text.substr(0, colon);
  rule.ignores_order = flags.find('o') != std::string_view::npos;
  rule.ignores_all = flags.find('a') != std::string_view::npos;
  std::string_view names = text.substr(colon + 1);
  while (!names.empty()) {
    const std::size_t end = names.find(',');
    rule.names.push_back(form_decoded(names.substr(0, end)));
    names.remove_prefix(end + 1);
  }
  return rule;
}

// Names of parameters are written as in a query. False: not a list of strings.
bool take_names(const SfMember& member, std::vector<std::string>& names) {
  const auto* list = std::get_if<SfInnerList>(&member);
  if (list == nullptr) return false;
  for (const SfItem& item : list->items) {
    const auto* text = std::get_if<SfString>(&item.value);
    if (text == nullptr) return false;
    names.push_back(form_decoded(text->text));
  }
  return true;
}

const bool* boolean(const SfMember& member) {
  const auto* item = std::get_if<SfItem>(&member);
  return item == nullptr ? nullptr : std::get_if<bool>(&item->value);
}

} // namespace

NoVarySearch parse_no_vary_search(std::string_view value) {
  const auto dictionary = http::parse_sf_dictionary(value);
  if (!dictionary) return {};
  NoVarySearch rule;
  bool has_except = false;
  for (const auto& [key, member] : *dictionary) {
    const bool* flag = boolean(member);
    if (key == "key-order") {
      if (flag == nullptr) return {};
      rule.ignores_order = *flag;
    } else if (key == "params" && flag != nullptr) {
      rule.ignores_all = *flag;
    } else if (key == "params") {
      if (!take_names(member, rule.names)) return {};
    } else if (key == "except") {
      has_except = true;
      if (!take_names(member, rule.names)) return {};
    }
  }
  if (has_except && !rule.ignores_all) return {}; // exceptions from nothing
  if (rule.names.size() > kMaxNames) return {};
  return rule;
}

bool is_comparable(std::string_view target) {
  return query_of(target).size() <= kMaxQuery;
}

std::string query_line(const NoVarySearch& rule, std::string_view target) {
  return kQueryLine + rule_text(rule) + " " + normal_query(rule, target) + "\n";
}

bool matches_query_line(std::string_view line, std::string_view target) {
  if (!is_comparable(target)) return false;
  line.remove_prefix(1);
  const std::size_t space = line.find(' ');
  return normal_query(rule_of(line.substr(0, space)), target) == line.substr(space + 1);
}

} // namespace selvedge::cache
