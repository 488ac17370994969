// The main() of a benchmark's client: what goes wrong is said with the program's name.
#pragma once

#include <cstdio>
#include <exception>

namespace selvedge::bench {

template <typename Run> int run_program(const char* name, Run run, int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

} // namespace selvedge::bench
