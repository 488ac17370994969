// Keys as issuers publish them. Source: RFC 7517, RFC 7518, 6 and RFC 8037, 2. Thread: any.
#pragma once

#include "signature_key.hpp"

#include <string_view>
#include <vector>

namespace selvedge::policy {

// The keys that tokens can be verified with: RSA, EC of P-256, OKP of Ed25519 and oct, unless
// "use", "alg" or "key_ops" say that they are for something else. Others are passed over (RFC 7517,
// 5). Throws std::runtime_error that says which key is wrong in what.
std::vector<SignatureKey> parse_jwks(std::string_view text);

} // namespace selvedge::policy
