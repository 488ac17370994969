// Versions and ranges against what npm's own package says of them (tests/tools/semver_table.mjs).
#include <selvedge/bundle/version_range.hpp>
#include <tests/support/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

using namespace selvedge::bundle;

namespace {

using Row = std::vector<std::string>;

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 1 < text.size();
    result += !is_escape ? text[i] : text[++i] == 't' ? '\t' : '\n';
  }
  return result;
}

std::vector<Row> rows_of(std::string_view kind) {
  std::ifstream file(SELVEDGE_TEST_DATA "/semver.tsv");
  REQUIRE(file);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    Row row;
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find('\t', begin), line.size());
      row.push_back(unescaped(std::string_view(line).substr(begin, end - begin)));
      begin = end + 1;
    }
    if (row.front() == kind) rows.push_back(std::move(row));
  }
  return rows;
}

std::string verdict(const std::string& range, const Version& version) {
  const auto parsed = VersionRange::parse(range);
  if (!parsed) return "invalid";
  return parsed->admits(version) ? "yes" : "no";
}

Version version(std::string_view text) {
  const auto parsed = parse_version(text);
  REQUIRE(parsed);
  return *parsed;
}

} // namespace

TEST_CASE("ranges admit what npm's semver lets them", "[bundle]") {
  const auto rows = rows_of("range");
  REQUIRE(rows.size() >= 2000);
  std::size_t admitted = 0, invalid = 0;
  for (const Row& row : rows) {
    CAPTURE(row[1], row[2]);
    const std::string said = verdict(row[1], version(row[2]));
    CHECK(said == row[3]);
    admitted += said == "yes" ? 1 : 0;
    invalid += said == "invalid" ? 1 : 0;
  }
  CHECK(admitted > 500);
  CHECK(invalid > 100);
}

TEST_CASE("versions are ordered as npm's semver orders them", "[bundle]") {
  const auto rows = rows_of("order");
  REQUIRE(rows.size() >= 500);
  for (const Row& row : rows) {
    CAPTURE(row[1], row[2]);
    const auto order = version(row[1]) <=> version(row[2]);
    CHECK(std::string(order < 0 ? "<" : order > 0 ? ">" : "=") == row[3]);
  }
}

TEST_CASE("what is no version for npm's semver is none here", "[bundle]") {
  const auto rows = rows_of("version");
  REQUIRE(rows.size() >= 200);
  for (const Row& row : rows) {
    CAPTURE(row[1]);
    const auto parsed = parse_version(row[1]);
    CHECK((parsed ? parsed->text() : "invalid") == row[2]);
  }
}

TEST_CASE("the greatest version of a range is found", "[bundle]") {
  const std::vector<Version> all{version("1.0.0"), version("1.4.2"), version("2.0.0-beta.2"),
                                 version("1.10.0"), version("0.9.0")};
  const auto greatest = [&](const char* range) {
    const Version* found = VersionRange::parse(range)->greatest_of(all);
    return found == nullptr ? std::string("none") : found->text();
  };
  CHECK(greatest("^1") == "1.10.0");
  CHECK(greatest("~1.4") == "1.4.2");
  CHECK(greatest("*") == "1.10.0");
  CHECK(greatest(">=2.0.0-beta.1") == "2.0.0-beta.2");
  CHECK(greatest(">=2") == "none");
}

TEST_CASE("absurd ranges are refused, not computed", "[bundle]") {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "1.2." + std::to_string(i) + " || ";
  CHECK_FALSE(VersionRange::parse(many + "2"));
  CHECK_FALSE(VersionRange::parse(std::string(5000, ' ') + "1"));
}
