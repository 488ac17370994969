// What a bucket of an object store is asked for a client's request, and what clients see of its
// answers. Pure. Only objects can be reached: no listings, no sub-resources (?acl, ?uploads), no
// other buckets, whatever a client asks for.
// Thread: any.
#pragma once

#include <selvedge/base/arena.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/upstream/options.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace selvedge::upstream {

// Where the bucket is.
struct S3Place {
  std::string authority; // the Host that is sent, and signed
  std::string prefix;    // "/bucket" in path style, else empty
};

// The host is `host` of the options, or else the first server: all servers are one store. Throws
// std::runtime_error when the bucket has no name that can be used so.
S3Place s3_place(const OriginOptions& options);

// The path of the object that `target` of a client names, percent-encoded once as signatures want
// it (prefix included). The query does not count; a path that ends in "/" means index.html there,
// as a directory origin has it. Nothing where there is no such object: dot segments and encoded
// slashes, which a store may resolve to another bucket, control characters, broken
// percent-encoding.
std::optional<std::string> s3_target(std::string_view target, const S3Place& place);

// The request for the store, its texts in `arena`: of the client's fields those that ask for a part
// or under a condition, and those that are about the exchange as a whole. Everything else stays
// here, Authorization, Cookie and x-amz-* among it. Requires: GET or HEAD. Nothing where
// s3_target() has nothing.
std::optional<http::RequestHead> s3_request(const http::RequestHead& request, const S3Place& place,
                                            base::Arena& arena);

// x-amz-*: about the store, not for clients.
bool is_store_field(const http::Field& field);

// True for answers whose content is a message of the store (XML that names buckets and keys): it is
// replaced by plain_text_of().
bool is_store_message(http::Status status);
std::string_view plain_text_of(http::Status status);

} // namespace selvedge::upstream
