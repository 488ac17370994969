// What tests/support/flow.cpp needs of Catch2 2.13 (Debian 12), which comes as a header; no test
// runs.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif
