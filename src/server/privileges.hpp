// What the process may do: who it is once everything is open, and how many files it may have open.
// Thread: the main one.
#pragma once

#include <selvedge/config/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::server {

// Becomes that user and group, for good, and with no way to other rights by programs that give them
// (no_new_privs, of this thread and those that it starts). The files are that user's then, so that
// they can be opened again; "" and "-" are none. Nothing to do for an empty user, or for who is
// that user already. Throws std::runtime_error when there is no such user or group, or the rights
// are missing.
void become(const config::RunAsOptions& who, const std::vector<std::string>& files);

// Raises the limit of open files to `wanted`, as far as it goes. Returns the limit.
std::uint64_t raise_file_limit(std::uint64_t wanted);

} // namespace selvedge::server
