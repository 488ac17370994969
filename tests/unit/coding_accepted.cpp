#include <src/proxy/compression.hpp>
#include <tests/support/catch.hpp>

using namespace selvedge;
using coding::AcceptedCodings;
using coding::ContentCoding;

namespace {

http::RequestHead asking(std::string_view value) {
  http::RequestHead request;
  request.fields.add(http::FieldName::accept_encoding, value);
  return request;
}

// Of a route that offers br, zstd and gzip, in this order.
std::string_view coding_for(const http::RequestHead& request) {
  const proxy::Compression compression{proxy::CompressionOptions()};
  return text_of(proxy::Compression::best_of(compression.taken_by(request)));
}

} // namespace

TEST_CASE("RFC 9110, 12.5.3: the coding that a client gets", "[coding]") {
  using Row = std::tuple<const char*, const char*>;
  const auto [value, expected] = GENERATE(table<const char*, const char*>({
      Row{"gzip, deflate, br, zstd", "br"},
      Row{"gzip", "gzip"},
      Row{"GZIP", "gzip"},
      Row{"x-gzip", "gzip"},
      Row{"gzip;q=1, br;q=0.9", "gzip"},
      Row{"gzip;q=0.5, br;q=0.5, zstd;q=0.6", "zstd"},
      Row{"br;q=0, gzip", "gzip"},
      Row{"br;q=0.001", "br"},
      Row{"*", "br"},
      Row{"*;q=0", "identity"},
      Row{"br;q=0, *", "zstd"},
      Row{"identity", "identity"},
      Row{"identity;q=1, br;q=0.5", "identity"},
      Row{"identity;q=0.5, br;q=0.5", "br"},
      Row{"identity;q=0", "identity"}, // better than nothing
      Row{"deflate", "identity"},
      Row{"", "identity"},
      Row{"br;level=9, gzip", "gzip"}, // what is meant is not known
      Row{"br;q=2, gzip;q=0.1", "gzip"},
      Row{"dcz", "identity"},
  }));
  INFO(value);
  CHECK(coding_for(asking(value)) == expected);
}

TEST_CASE("who says nothing gets content as it is", "[coding]") {
  CHECK(coding_for({}) == "identity");
}

TEST_CASE("nobody means by * that it has a dictionary", "[coding]") {
  CHECK_FALSE(AcceptedCodings::of(asking("*").fields).has(ContentCoding::dcz));
  CHECK(AcceptedCodings::of(asking("dcz").fields).has(ContentCoding::dcz));
}
