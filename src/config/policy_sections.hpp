// The parts of policy_section(). Thread: any.
#pragma once

#include "section.hpp"

#include <selvedge/policy/options.hpp>

#include <string>

namespace selvedge::config {

Section<policy::IdentifyOptions> identify_section();
// What tells a class of content from others: its name, or what it is made of.
std::string name_of_class(const policy::ContentClassOptions& content);
Section<policy::ContentClassOptions> content_class_section();
Section<policy::RuleOptions> rule_section();
Section<policy::OverloadOptions> overload_section();

// Everything under `policy`.
Section<policy::PolicyOptions> policy_section();

// A policy that names every key, for the reference.
policy::PolicyOptions example_policy();

} // namespace selvedge::config
