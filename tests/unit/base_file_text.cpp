#include <selvedge/base/file_text.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/key_file.hpp>

#include <cerrno>

using selvedge::base::file_text;
using selvedge::base::first_line;
using selvedge::test::KeyFile;

TEST_CASE("the text of a file, and why there is none", "[base]") {
  const KeyFile file("0123\n56789");
  CHECK(file_text(file.path(), 11).value() == "0123\n56789");
  CHECK(file_text(file.path(), 10).value() == "0123\n56789");
  CHECK(file_text(file.path(), 5).value() == "0123\n");
  CHECK(file_text(file.path() + ".missing", 10).error().value() == ENOENT);
  CHECK(file_text("/", 10).error().value() == EISDIR);
}

TEST_CASE("a secret is the first line of its file", "[base]") {
  CHECK(first_line(KeyFile("secret").path()).value() == "secret");
  CHECK(first_line(KeyFile("secret\r\nnote\n").path()).value() == "secret");
  CHECK(first_line(KeyFile("").path()).error().value() == ENOMSG);
  CHECK(first_line(KeyFile("\nsecret").path()).error().value() == ENOMSG);
  CHECK(first_line(KeyFile(std::string(20'000, 's')).path()).error().value() == EMSGSIZE);
  CHECK(first_line("/missing").error().value() == ENOENT);
}
