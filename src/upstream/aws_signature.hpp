// AWS Signature Version 4 in the form of header fields, as object stores with the S3 API want it:
// docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. Pure: the time and the
// keys come in as arguments.
// Thread: functions any; an AwsSigner is its owner's.
#pragma once

#include <selvedge/http/field.hpp>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace selvedge::upstream {

// x-amz-content-sha256 of a request without content.
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Percent-encodes every byte but the unreserved ones of RFC 3986, 2.3.
std::string uri_encoded(std::string_view bytes);
// As uri_encoded(), with "/" left as it is.
std::string uri_encoded_path(std::string_view bytes);

// 20130524T000000Z: what x-amz-date says.
std::string aws_timestamp(std::chrono::sys_seconds time);

// The parts of a request that are signed.
struct AwsRequest {
  std::string_view method;
  std::string_view target;             // as it is sent: path and query
  std::span<const http::Field> fields; // to be signed, Host and x-amz-date among them
  std::string_view payload_hash = kEmptyPayloadHash;
};

// "host;range;x-amz-date": lower case, sorted.
std::string signed_field_names(std::span<const http::Field> fields);
std::string canonical_request(const AwsRequest& request);

struct AwsKeys {
  std::string_view access_key;
  std::string_view secret_key;
};

// Signs for one region and service. The key that is derived from the secret is kept for a day.
class AwsSigner {
public:
  explicit AwsSigner(std::string region, std::string service = "s3");
  ~AwsSigner();
  AwsSigner(const AwsSigner&) = delete;
  AwsSigner& operator=(const AwsSigner&) = delete;

  // The value of Authorization. Requires: x-amz-date of the request is aws_timestamp(time).
  std::string authorization(const AwsRequest& request, const AwsKeys& keys,
                            std::chrono::sys_seconds time);

private:
  using Digest = std::array<unsigned char, 32>;

  void derive_key(const std::string& day, std::string_view secret_key);

  const std::string region_;
  const std::string service_;
  std::string day_;    // of the derived key
  std::string secret_; // it was derived from
  Digest key_{};
};

} // namespace selvedge::upstream
