// The subcommands of `selvedge bundle`.
#pragma once

#include "commands.hpp"

#include <CLI/CLI.hpp>

namespace selvedge::cli {

// `admin` and `code` outlive the parsing.
void add_bundle(CLI::App& app, AdminOptions& admin, int& code);

} // namespace selvedge::cli
