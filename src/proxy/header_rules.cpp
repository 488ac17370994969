#include "header_rules.hpp"

#include "forward.hpp"

#include <algorithm>
#include <new>

namespace selvedge::proxy {

using http::Field;
using http::FieldName;

namespace {

// What frames and routes a message, and what this node says about itself: a rule that changed it
// would tear the message or lie about it.
constexpr std::uint64_t kOwn = bit_of(FieldName::age) | bit_of(FieldName::cache_status) |
                               bit_of(FieldName::content_length) |
                               bit_of(FieldName::content_range) | bit_of(FieldName::expect) |
                               bit_of(FieldName::host) | bit_of(FieldName::via);

bool is_open(std::string_view name, std::uint64_t closed) {
  const FieldName id = http::field_name_of(name);
  const bool is_known = id != FieldName::unknown;
  return http::is_token(name) && !http::is_hop_by_hop(id) &&
         !(is_known && (closed & bit_of(id)) != 0);
}

} // namespace

// What is asked for, and on what conditions, is for the cache to say.
bool is_request_rule_name(std::string_view name) {
  return is_open(name, kOwn | kConditional);
}

bool is_response_rule_name(std::string_view name) {
  return is_open(name, kOwn);
}

HeaderRules::HeaderRules(const HeaderRuleOptions& options) {
  http::FieldList added;
  http::FieldList dropped;
  for (const HeaderField& field : options.set) {
    added.add(field.name, field.value);
    dropped.add(field.name, {});
  }
  for (const HeaderField& field : options.add) added.add(field.name, field.value);
  for (const std::string& name : options.remove) dropped.add(name, {});
  for (const Field& field : dropped) dropped_names_ |= bit_of(field.id);
  added_ = http::HeadBlock(added);
  dropped_ = http::HeadBlock(dropped);
}

bool HeaderRules::drops(const Field& field) const {
  if ((dropped_names_ & bit_of(field.id)) == 0) return false;
  if (field.id != FieldName::unknown) return true;
  const auto names = dropped_.fields();
  return std::any_of(names.begin(), names.end(), [&field](const Field& one) {
    return http::equals_ignoring_case(one.name, field.name);
  });
}

void HeaderRules::apply(http::FieldList& fields) const {
  fields.remove_if([this](const Field& field) { return drops(field); });
  for (const Field& field : added()) fields.add(field);
}

downstream::Response HeaderRules::applied(const downstream::Response& response,
                                          std::uint64_t untouched, base::Arena& arena) const {
  const auto is_untouched = [untouched](const Field& field) {
    return field.id != FieldName::unknown && (untouched & bit_of(field.id)) != 0;
  };
  const auto goes = [&](const Field& field) { return !is_untouched(field) && drops(field); };
  std::span<const Field> head;
  if (response.block != nullptr) head = response.block->fields();
  // A stored head is sent in one piece, unless something in it has to go.
  const bool is_whole = std::none_of(head.begin(), head.end(), goes);
  if (is_whole) head = {};

  const std::size_t most = head.size() + response.fields.size() + added().size();
  auto* const fields = static_cast<Field*>(
      arena.allocate(std::max<std::size_t>(most, 1) * sizeof(Field), alignof(Field)));
  std::size_t count = 0;
  const auto take = [&](const Field& field) { ::new (fields + count++) Field(field); };
  for (const std::span<const Field> part : {head, response.fields}) {
    for (const Field& field : part) {
      if (!goes(field)) take(field);
    }
  }
  for (const Field& field : added()) {
    if (!is_untouched(field)) take(field);
  }
  downstream::Response result = response;
  if (!is_whole) result.block = nullptr;
  result.fields = {fields, count};
  return result;
}

std::shared_ptr<const HeaderRules> make_header_rules(const HeaderRuleOptions& options) {
  if (options.empty()) return nullptr;
  return std::make_shared<const HeaderRules>(options);
}

} // namespace selvedge::proxy
