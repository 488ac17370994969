// Who a connection is, and who asks on it.
#include <selvedge/proxy/proxy.hpp>

namespace selvedge::proxy {

using downstream::ClientConnection;
using downstream::Standing;
using policy::Identity;
using policy::IdentitySource;

namespace {

policy::ConnectionFacts facts_of(const ClientConnection& client) {
  policy::ConnectionFacts facts;
  facts.peer_address = client.peer_address;
  facts.listener = client.listener;
  if (client.tls == nullptr) return facts;
  facts.server_name = client.tls->server_name;
  facts.certificate_names = client.tls->certificate_names;
  return facts;
}

Standing standing(const Policing& policing, const Identity& identity) {
  return {identity, policing.set->importance_of(identity.tier), policing.generation};
}

} // namespace

Standing Proxy::standing_of(const ClientConnection& client) {
  if (!policing_) return {};
  Identity identity = policing_->identifier->of_connection(facts_of(client));
  const bool has_note = client.tls != nullptr && !client.tls->note.empty();
  if (has_note && identity.source < IdentitySource::certificate) {
    if (const auto noted = policing_->identity_in(client.tls->note)) identity = *noted;
  }
  return standing(*policing_, identity);
}

// A ticket says whose turn a connection waits for, not who asks: what it was given for may have
// expired since.
Standing Proxy::identify(downstream::Stream& stream) {
  const ClientConnection& client = stream.client();
  if (!policing_) return {};
  const Standing& known = client.standing;
  const bool is_current =
      known.generation == policing_->generation && known.identity.source != IdentitySource::ticket;
  const policy::Identifier& identifier = *policing_->identifier;
  const Identity connection =
      is_current ? known.identity : identifier.of_connection(facts_of(client));
  if (!identifier.looks_at_requests()) return standing(*policing_, connection);
  return standing(*policing_,
                  identifier.of_request(stream.request(), client.peer_address, connection, tokens_,
                                        worker_.now(), identity_counters_));
}

std::string_view Proxy::ticket_note(const Standing& standing, std::span<char> room) {
  const bool is_told = standing.identity.source >= IdentitySource::header;
  if (!policing_ || !is_told || standing.generation != policing_->generation) return {};
  return note_of(standing.identity, *policing_->set, room);
}

} // namespace selvedge::proxy
