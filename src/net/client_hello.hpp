// What a client says before the handshake costs anything: read in OpenSSL's ClientHello callback,
// and of no use outside of it.
#pragma once

#include <span>
#include <string>

struct ssl_st;

namespace selvedge::net {

class TicketKeys;

// The first name that is asked for, in lower case (SNI; RFC 6066, 3); "" when there is none, or not
// of its form.
std::string server_name_of(ssl_st* hello);

// Whether it offers a ticket that these keys have signed: as its first PSK (RFC 8446, 4.2.11), or
// as the session ticket of TLS 1.2 (RFC 5077, 3.2). Costs one HMAC. The ticket may have expired.
bool offers_own_ticket(ssl_st* hello, const TicketKeys& keys);

// Of one ticket: as OpenSSL writes it, the keys' name, an IV, the session and their HMAC.
bool is_own_ticket(std::span<const unsigned char> ticket, const TicketKeys& keys);

} // namespace selvedge::net
