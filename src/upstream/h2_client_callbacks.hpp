// What the library calls for a client's session: it finds the response that an event is about.
// Thread: one.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace selvedge::upstream {

// For a session whose user data are H2ClientSession::Notes, and whose streams' are H2Responses.
void set_client_callbacks(nghttp2_session_callbacks& callbacks);

// The content of a request, for DATA frames: an nghttp2_data_source_read_callback.
ssize_t read_request_content(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                             std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                             void* user);

} // namespace selvedge::upstream
