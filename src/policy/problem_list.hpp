// What is found wrong with a policy, in the order in which it is found, and the tools to find it.
#pragma once

#include <selvedge/policy/policy_set.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::policy {

class ProblemList {
public:
  void error(std::string path, std::string text) {
    problems_.push_back({std::move(path), std::move(text), false});
  }
  void warning(std::string path, std::string text) {
    problems_.push_back({std::move(path), std::move(text), true});
  }
  // An error unless `text` is empty.
  void error_if_any(std::string path, std::string text) {
    if (!text.empty()) error(std::move(path), std::move(text));
  }
  bool has_errors() const;
  const std::vector<PolicyProblem>& all() const { return problems_; }

private:
  std::vector<PolicyProblem> problems_;
};

// Names of one kind that others refer to.
class NameList {
public:
  NameList(std::string kind, std::vector<std::string> names)
      : kind_(std::move(kind)), names_(std::move(names)) {}
  // What is wrong with a name that should be one of them; "": nothing.
  std::string fault_of(std::string_view name) const;

private:
  std::string kind_; // "tier", "region"
  std::vector<std::string> names_;
};

NameList tiers_in(const PolicyOptions& options);
NameList regions_in(const PolicyOptions& options);

// Says of each name whether it was there before; ASCII case counts, or does not.
enum class Case : std::uint8_t { counts, is_ignored };
class SeenNames {
public:
  SeenNames(std::string kind, Case letters) : kind_(std::move(kind)), letters_(letters) {}
  // "": it is new, and remembered.
  std::string fault_of(std::string_view name);

private:
  std::string kind_;
  Case letters_;
  std::set<std::string> seen_;
};

std::string in_quotes(std::string_view text); // 'text'
// "tiers[1]".
std::string item(std::string_view list, std::size_t index);

// What is wrong with a number; "": nothing.
std::string share_fault(double share);   // must be 0 to 1
std::string amount_fault(double amount); // must not be negative

} // namespace selvedge::policy
