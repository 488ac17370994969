// The examples are those of "Authenticating Requests: Using the Authorization Header" in the
// reference of the S3 API: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
#include <selvedge/http/percent_encoding.hpp>
#include <src/upstream/aws_signature.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using namespace selvedge;
using namespace selvedge::upstream;
using http::Field;
using http::FieldName;

namespace {

constexpr AwsKeys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr std::chrono::sys_seconds kTime =
    std::chrono::sys_days{std::chrono::year{2013} / std::chrono::May / 24};

std::vector<Field> fields_with(std::vector<Field> more, std::string_view hash = kEmptyPayloadHash) {
  more.push_back({FieldName::unknown, "x-amz-date", "20130524T000000Z"});
  more.push_back({FieldName::unknown, "x-amz-content-sha256", hash});
  more.push_back({FieldName::host, "Host", "examplebucket.s3.amazonaws.com"});
  return more;
}

std::string signature_in(const std::string& authorization) {
  return authorization.substr(authorization.rfind('=') + 1);
}

} // namespace

TEST_CASE("the examples of the S3 API have the signatures it says", "[upstream][s3]") {
  constexpr std::string_view kWelcomeHash =
      "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  struct Row {
    const char* example;
    const char* method;
    const char* target;
    std::vector<Field> fields;
    std::string_view hash;
    const char* signature;
  };
  const Row row = GENERATE_COPY(values<Row>({
      {"GET Object",
       "GET",
       "/test.txt",
       {{FieldName::range, "Range", "bytes=0-9"}},
       kEmptyPayloadHash,
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT Object",
       "PUT",
       "/test$file.text",
       {{FieldName::date, "Date", "Fri, 24 May 2013 00:00:00 GMT"},
        {FieldName::unknown, "x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       kWelcomeHash,
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET Bucket Lifecycle",
       "GET",
       "/?lifecycle",
       {},
       kEmptyPayloadHash,
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"GET Bucket (List Objects)",
       "GET",
       "/?prefix=J&max-keys=2",
       {},
       kEmptyPayloadHash,
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  }));
  CAPTURE(row.example);
  const std::vector<Field> fields = fields_with(row.fields, row.hash);
  AwsSigner signer("us-east-1");
  const AwsRequest request{row.method, row.target, fields, row.hash};
  CHECK(signature_in(signer.authorization(request, kKeys, kTime)) == row.signature);
}

TEST_CASE("Authorization names the key, the scope and the signed fields", "[upstream][s3]") {
  const std::vector<Field> fields = fields_with({{FieldName::range, "Range", "bytes=0-9"}});
  AwsSigner signer("us-east-1");
  CHECK(signer.authorization({"GET", "/test.txt", fields}, kKeys, kTime) ==
        "AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("the canonical request has sorted parts, each on a line", "[upstream][s3]") {
  const std::vector<Field> fields = {
      {FieldName::unknown, "X-Amz-Date", "20130524T000000Z"},
      {FieldName::unknown, "x-spaces", "  a   b \t"},
      {FieldName::host, "Host", "b.example"},
  };
  const AwsRequest request{"GET", "/a//b%20c+d~'?z=1&y&x=%2f&x=+", fields, "UNSIGNED-PAYLOAD"};
  CHECK(canonical_request(request) == "GET\n"
                                      "/a//b%20c%2Bd~%27\n"
                                      "x=%2B&x=%2F&y=&z=1\n"
                                      "host:b.example\n"
                                      "x-amz-date:20130524T000000Z\n"
                                      "x-spaces:a b\n"
                                      "\n"
                                      "host;x-amz-date;x-spaces\n"
                                      "UNSIGNED-PAYLOAD");
}

TEST_CASE("a signer follows the day and the secret", "[upstream][s3]") {
  const std::vector<Field> fields = fields_with({});
  const AwsRequest request{"GET", "/a", fields};
  const AwsKeys other{kKeys.access_key, "another"};
  const auto fresh = [&](const AwsKeys& keys, std::chrono::sys_seconds time) {
    AwsSigner signer("us-east-1");
    return signer.authorization(request, keys, time);
  };
  AwsSigner signer("us-east-1");
  const std::string first = signer.authorization(request, kKeys, kTime);
  CHECK(signer.authorization(request, kKeys, kTime) == first);
  const std::string next_day = signer.authorization(request, kKeys, kTime + std::chrono::days(1));
  CHECK(next_day == fresh(kKeys, kTime + std::chrono::days(1)));
  CHECK(signature_in(next_day) != signature_in(first));
  const std::string rotated = signer.authorization(request, other, kTime + std::chrono::days(1));
  CHECK(rotated == fresh(other, kTime + std::chrono::days(1)));
  CHECK(signature_in(rotated) != signature_in(next_day));
  CHECK(signer.authorization(request, kKeys, kTime) == first);
}

TEST_CASE("region and service are part of the scope", "[upstream][s3]") {
  const std::vector<Field> fields = fields_with({});
  const AwsRequest request{"GET", "/a", fields};
  AwsSigner here("us-east-1");
  AwsSigner there("eu-central-1");
  AwsSigner elsewhere("us-east-1", "iam");
  const std::string a = here.authorization(request, kKeys, kTime);
  const std::string b = there.authorization(request, kKeys, kTime);
  const std::string c = elsewhere.authorization(request, kKeys, kTime);
  CHECK(b.find("/20130524/eu-central-1/s3/aws4_request,") != std::string::npos);
  CHECK(c.find("/20130524/us-east-1/iam/aws4_request,") != std::string::npos);
  CHECK(signature_in(a) != signature_in(b));
  CHECK(signature_in(a) != signature_in(c));
}

TEST_CASE("a timestamp has fixed places", "[upstream][s3]") {
  using namespace std::chrono;
  CHECK(aws_timestamp(kTime) == "20130524T000000Z");
  CHECK(aws_timestamp(kTime + hours(9) + minutes(8) + seconds(7)) == "20130524T090807Z");
  CHECK(aws_timestamp(sys_days{year{2024} / February / 29} + seconds(86399)) == "20240229T235959Z");
}

TEST_CASE("percent-encoding of every byte comes back", "[upstream][s3]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  CHECK(http::percent_decoded(uri_encoded(all)) == all);
  CHECK(http::percent_decoded(uri_encoded_path(all)) == all);
  CHECK(uri_encoded("a b/c+d") == "a%20b%2Fc%2Bd");
  CHECK(uri_encoded_path("a b/c+d") == "a%20b/c%2Bd");
  CHECK(uri_encoded("AZaz09-._~") == "AZaz09-._~");
  CHECK(uri_encoded("\xc3\xa9\xff") == "%C3%A9%FF");
}
