#include <selvedge/base/file_text.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/key_file.hpp>

#include <cerrno>

using selvedge::base::file_text;
using selvedge::test::KeyFile;

TEST_CASE("the text of a file, and why there is none", "[base]") {
  const KeyFile file("0123\n56789");
  CHECK(file_text(file.path(), 11).value() == "0123\n56789");
  CHECK(file_text(file.path(), 10).value() == "0123\n56789");
  CHECK(file_text(file.path(), 5).value() == "0123\n");
  CHECK(file_text(file.path() + ".missing", 10).error().value() == ENOENT);
  CHECK(file_text("/", 10).error().value() == EISDIR);
}
