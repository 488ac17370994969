#include <src/upstream/credentials.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/key_file.hpp>

#include <stdexcept>
#include <string>

using namespace selvedge;
using namespace selvedge::upstream;
using test::KeyFile;

namespace {

// What is said of a file that cannot be used.
std::string refusal_of(const std::string& file) {
  try {
    CredentialSource source(file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST_CASE("lines of a credentials file", "[upstream][s3]") {
  CHECK(parse_credentials("a\nb") == Credentials{"a", "b", ""});
  CHECK(parse_credentials("\r\n a \r\n\tb\r\n\r\nc\r\n") == Credentials{"a", "b", "c"});
  for (const char* text :
       {"", "a", "a\n", "a\n\n", "a\nb\nc\nd", "a b\nc", "a\nb c", "a\nb\n\x01", "a\nb\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_credentials(text));
  }
}

TEST_CASE("a file of credentials is looked at again after a minute", "[upstream][s3]") {
  const KeyFile file("first\nsecret\n");
  CredentialSource source(file.path());
  base::Steady now{std::chrono::hours(1)};
  REQUIRE(source.at(now) != nullptr);
  CHECK(source.at(now)->access_key == "first");
  file.write("second\nsecret\n");
  now += std::chrono::seconds(59);
  CHECK(source.at(now)->access_key == "first");
  now += std::chrono::seconds(1);
  CHECK(source.at(now)->access_key == "second");
  file.write("half\n");
  now += std::chrono::minutes(1);
  CHECK(source.at(now)->access_key == "second");
  file.remove();
  now += std::chrono::minutes(1);
  CHECK(source.at(now)->access_key == "second");
  file.write("third\nsecret\ntoken\n");
  now += std::chrono::minutes(1);
  CHECK(source.at(now)->session_token == "token");
}

TEST_CASE("a file of credentials that cannot be used is named at the start", "[upstream][s3]") {
  const KeyFile file("only-one-line\n");
  const std::string missing = file.path() + ".missing";
  CHECK(refusal_of(missing).find(missing) != std::string::npos);
  CHECK(refusal_of(file.path()).find(file.path()) != std::string::npos);
  CHECK(refusal_of(file.path()).find("only-one-line") == std::string::npos);
}
