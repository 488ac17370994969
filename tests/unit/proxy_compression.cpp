#include <src/proxy/compression.hpp>

#include <tests/support/catch.hpp>

using namespace selvedge;
using coding::ContentCoding;
using overload::LoadLevel;

namespace {

std::string chosen(std::string_view vary, bool is_offered, bool by_dictionary = false) {
  http::FieldList fields;
  if (!vary.empty()) fields.add("vary", vary);
  if (is_offered) fields.add("use-as-dictionary", "match=\"/a\"");
  return std::string(proxy::chosen_by(http::HeadBlock(fields), by_dictionary));
}

} // namespace

TEST_CASE("what is made under load is made quickly", "[coding]") {
  proxy::CompressionOptions options;
  options.gzip_level = 1;
  options.br_level = 9;
  const proxy::Compression compression(options);
  for (const LoadLevel load : {LoadLevel::calm, LoadLevel::elevated}) {
    CHECK(compression.level_of(ContentCoding::br, load) == 9);
    CHECK(compression.level_of(ContentCoding::gzip, load) == 1);
  }
  for (const LoadLevel load : {LoadLevel::high, LoadLevel::critical}) {
    CHECK(compression.level_of(ContentCoding::br, load) == 2);
    CHECK(compression.level_of(ContentCoding::gzip, load) == 1);
  }
}

TEST_CASE("who takes a difference gets another coding while there is none", "[coding]") {
  const proxy::Compression compression({});
  http::RequestHead request;
  request.fields.add("accept-encoding", "gzip;q=0.5, br, dcz");
  const cache::ContentDigest digest{};
  const cache::TakenCodings taken = compression.taken_by(request, &digest);
  CHECK(taken.best() == taken.ranks[proxy::number_of(ContentCoding::dcz)]);
  CHECK(proxy::Compression::best_of(taken) == ContentCoding::br);
  CHECK(compression.taken_by(request).ranks[proxy::number_of(ContentCoding::dcz)] == 0);
}

TEST_CASE("RFC 9842, 6.2: Vary gets the names that it lacks", "[coding]") {
  CHECK(chosen("", false) == "accept-encoding");
  CHECK(chosen("accept-language", false) == "accept-encoding");
  CHECK(chosen("Accept-Encoding", false).empty());
  CHECK(chosen("*", true, true).empty());
  CHECK(chosen("", true) == "accept-encoding, available-dictionary");
  CHECK(chosen("", false, true) == "accept-encoding, available-dictionary");
  CHECK(chosen("x, accept-encoding", true) == "available-dictionary");
  CHECK(chosen("Available-Dictionary", true) == "accept-encoding");
  CHECK(chosen("available-dictionary,accept-encoding", true).empty());
}
