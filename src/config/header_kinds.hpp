// How rules about header fields are written: names and values, and maps of them.
// Thread: as kind.hpp.
#pragma once

#include "kind.hpp"
#include "text_rules.hpp"

#include <selvedge/proxy/options.hpp>

#include <string>
#include <vector>

namespace selvedge::config {

extern const TextRule kRequestRuleName;  // what proxy::is_request_rule_name() takes
extern const TextRule kResponseRuleName; // what proxy::is_response_rule_name() takes
extern const TextRule kHeaderValue;      // RFC 9110, 5.5: without spaces around it

// {x-name: value, ...}: each name once, in lower case, in the order of the file.
class HeaderMapKind final : public LineKind<std::vector<proxy::HeaderField>> {
public:
  explicit HeaderMapKind(const TextRule& names) : names_(names) {}
  void read(const Input& input, std::vector<proxy::HeaderField>& to) const override;
  std::string yaml(const std::vector<proxy::HeaderField>& value) const override;
  Shape shape() const override;

private:
  const TextRule& names_;
};

} // namespace selvedge::config
