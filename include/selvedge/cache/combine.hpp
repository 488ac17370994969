// Parts of one representation put together (RFC 9111, 3.4; RFC 9110, 15.3.7.3). Pure, but for the
// memory it takes.
#pragma once

#include <selvedge/cache/stored_response.hpp>

namespace selvedge::cache {

// Combining copies: what is larger stays in parts.
inline constexpr std::uint64_t kMaxCombined = 8u << 20; // bytes

// Both as one stored response, with the fields and the freshness of `newer`; a 200 when the whole
// representation is there. Null where that may not be done: without the same strong validator,
// with a gap between them, or beyond kMaxCombined. Requires: both are partial, with complete
// bodies.
boost::intrusive_ptr<StoredResponse> combined(const StoredResponse& older,
                                              const StoredResponse& newer, MemoryLedger* ledger);

// The same response with `body`, which has the same content, and these fields more.
boost::intrusive_ptr<StoredResponse> with_body(const StoredResponse& response,
                                               boost::intrusive_ptr<Body> body,
                                               std::span<const http::Field> added,
                                               MemoryLedger* ledger);

// What all of a representation, a part of it and what is made of it have in common with `from`, but
// for content and status.
StoredResponse::Parts parts_like(const StoredResponse& from);

// A part that is all of its representation, as the complete response that it is; null for any
// other.
boost::intrusive_ptr<StoredResponse> completed(const StoredResponse& part, MemoryLedger* ledger);

} // namespace selvedge::cache
