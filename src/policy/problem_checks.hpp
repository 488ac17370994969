// The parts of problems_of(). Each adds to the list what it finds. Requires: there is a tier.
#pragma once

#include "problem_list.hpp"

namespace selvedge::policy {

void check_identify(const PolicyOptions& options, ProblemList& problems);
void check_rules(const PolicyOptions& options, ProblemList& problems);
// Tiers that nobody is of, rules that never match or decide. Requires: there are no errors.
void warn_of_tiers(const PolicyOptions& options, ProblemList& problems);
void warn_of_rules(const PolicyOptions& options, ProblemList& problems);

// "": can be read.
std::string network_fault(const std::string& network);
// Whether anybody can be of that tier. A token or a trusted proxy may name any.
bool is_reachable(const PolicyOptions& options, std::string_view tier);

} // namespace selvedge::policy
