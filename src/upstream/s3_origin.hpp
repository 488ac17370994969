// An origin that is a bucket of an object store: rewrites requests into requests for objects, signs
// them, and leaves the asking of servers (choice, limits, retries, health) to the origin it wraps.
// Thread: one worker.
#pragma once

#include "aws_signature.hpp"
#include "credentials.hpp"
#include "s3_request.hpp"

#include <selvedge/upstream/origin.hpp>

namespace selvedge::upstream {

class S3Origin final : public Origin {
public:
  // `inner` is made of inner_options(options). Throws std::runtime_error when the bucket, the host
  // or the file of credentials cannot be used.
  S3Origin(std::shared_ptr<Origin> inner, const OriginOptions& options, net::Worker& worker);

  // Options of the http origin to wrap: each request brings the Host that it was signed for.
  static OriginOptions inner_options(const OriginOptions& options);

  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) override;
  void close_idle() override { inner_->close_idle(); }
  const OriginCounters& counters() const override { return inner_->counters(); }
  std::chrono::milliseconds fetch_timeout() const override { return inner_->fetch_timeout(); }
  OriginStatePtr state() const override { return inner_->state(); }

private:
  void sign(http::RequestHead& head, base::Arena& arena);

  const std::shared_ptr<Origin> inner_;
  net::Worker& worker_;
  const S3Place place_;
  CredentialSource credentials_;
  AwsSigner signer_;
};

} // namespace selvedge::upstream
