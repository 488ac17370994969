// Options that several subcommands have.
#pragma once

#include "commands.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace selvedge::cli {

void add_output(CLI::App& command, Output& output);
// How to reach a running node, and how it answers.
void add_admin(CLI::App& command, AdminOptions& admin);
// An option that may come several times, with one value each; `form` says what it looks like.
void add_list(CLI::App& command, const char* name, std::vector<std::string>& to, const char* form,
              const char* text);

} // namespace selvedge::cli
