// The sections that say who asks.
#include "policy_sections.hpp"

#include "cache_rules.hpp"
#include "kinds.hpp"
#include "policy_kinds.hpp"
#include "policy_texts.hpp"

namespace selvedge::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const char* const kTierText = "One of `tiers`.";

Section<policy::TierName> tier_name_section() {
  using policy::TierName;
  Section<TierName> keys;
  keys.add("value", &TierName::value, text(kPhrase), {"What is said.", Reload::live, true});
  keys.add("tier", &TierName::tier, text(kName), {kTierText, Reload::live, true});
  return keys;
}

auto tier_names() {
  return section_list<policy::TierName>(
      tier_name_section(), [](const policy::TierName& n) { return n.value; }, Empty::allowed);
}

void add_claims(Section<policy::JwtOptions>& keys) {
  using policy::JwtOptions;
  keys.add("issuer", &JwtOptions::issuer, text(kPhrase, Empty::allowed),
           {"What iss must be; \"\": anything."});
  keys.add("audience", &JwtOptions::audience, text(kPhrase, Empty::allowed),
           {"What aud must name; \"\": anything."});
  keys.add("tier_claim", &JwtOptions::tier_claim, text(kPhrase), {"The claim that says the tier."});
  keys.add("tenant_claim", &JwtOptions::tenant_claim, text(kPhrase),
           {"The claim that says the tenant."});
  keys.add("tiers", &JwtOptions::tiers, tier_names(),
           {"Tiers by what that claim says; what is not here must be the name of a tier."});
  keys.add("leeway", &JwtOptions::leeway,
           std::make_unique<DurationKind<seconds>>(seconds{0}, hours{1}),
           {"How far clocks may differ, for exp and nbf."});
}

Section<policy::JwtOptions> jwt_section() {
  using policy::JwtAlgorithm;
  using policy::JwtOptions;
  Section<JwtOptions> keys;
  keys.add("name", &JwtOptions::name, text(kName),
           {"What metrics and explain call it.", Reload::live, true});
  keys.add("header", &JwtOptions::header, text(kFieldName),
           {"The field with the token: after \"Bearer\" in authorization (RFC 6750, 2.1), bare in "
            "others."});
  keys.add("cookie", &JwtOptions::cookie, text(kCookieName, Empty::allowed),
           {"The cookie with the token, instead of the field."});
  keys.add("algorithms", &JwtOptions::algorithms,
           std::make_unique<WordListKind<JwtAlgorithm>>(
               WordKind<JwtAlgorithm>::Words{{"HS256", JwtAlgorithm::hs256},
                                             {"RS256", JwtAlgorithm::rs256},
                                             {"ES256", JwtAlgorithm::es256},
                                             {"EdDSA", JwtAlgorithm::eddsa}}),
           {"Signatures that are accepted; []: those that the keys are for. Never none."});
  keys.add("jwks_file", &JwtOptions::jwks_file, file("a file", Empty::allowed),
           {"The keys, as a JWK Set (RFC 7517, 5). Read again when it changes."});
  keys.add("secret_file", &JwtOptions::secret_file, file("a file", Empty::allowed),
           {"The secret of HS256: all of this file but a last newline. Read again when it "
            "changes."});
  add_claims(keys);
  return keys;
}

Section<policy::ApiKeyOptions> api_key_section() {
  using policy::ApiKeyOptions;
  Section<ApiKeyOptions> keys;
  keys.add("sha256", &ApiKeyOptions::sha256, text(kSha256),
           {"The SHA-256 of the key; the key itself is not in the file: printf %s KEY | "
            "sha256sum.",
            Reload::live, true});
  keys.add("tier", &ApiKeyOptions::tier, text(kName), {kTierText, Reload::live, true});
  keys.add("tenant", &ApiKeyOptions::tenant, text(kPhrase), {"Whose it is.", Reload::live, true});
  return keys;
}

Section<policy::CertificateTierOptions> certificate_tier_section() {
  using policy::CertificateTierOptions;
  Section<CertificateTierOptions> keys;
  keys.add(
      "name", &CertificateTierOptions::name, text(kPhrase),
      {"The subject's CN, or a DNS or URI name in the client's certificate.", Reload::live, true});
  keys.add("tier", &CertificateTierOptions::tier, text(kName), {kTierText, Reload::live, true});
  keys.add("tenant", &CertificateTierOptions::tenant, text(kPhrase, Empty::allowed),
           {"Whose it is; \"\": the name's."});
  return keys;
}

Section<policy::HeaderIdentityOptions> header_identity_section() {
  using policy::HeaderIdentityOptions;
  Section<HeaderIdentityOptions> keys;
  keys.add("tier_header", &HeaderIdentityOptions::tier_header, text(kFieldName, Empty::allowed),
           {"A field that says the tier; \"\": none is looked at."});
  keys.add("tenant_header", &HeaderIdentityOptions::tenant_header, text(kFieldName, Empty::allowed),
           {"A field that says the tenant; \"\": none."});
  keys.add("from", &HeaderIdentityOptions::from, texts(kNetwork, Empty::allowed),
           {"Addresses and networks of proxies that are believed; nobody else is."});
  keys.add("tiers", &HeaderIdentityOptions::tiers, tier_names(),
           {"Tiers by what the field says; what is not here must be the name of a tier."});
  return keys;
}

Section<policy::NetworkTierOptions> network_section() {
  using policy::NetworkTierOptions;
  Section<NetworkTierOptions> keys;
  keys.add("network", &NetworkTierOptions::network, text(kNetwork),
           {"Where the client is; the longest prefix counts.", Reload::live, true});
  keys.add("tier", &NetworkTierOptions::tier, text(kName), {kTierText, Reload::live, true});
  keys.add("tenant", &NetworkTierOptions::tenant, text(kPhrase, Empty::allowed),
           {"Whose it is; \"\": each address is a tenant."});
  return keys;
}

Section<policy::ServerNameTierOptions> server_name_section() {
  using policy::ServerNameTierOptions;
  Section<ServerNameTierOptions> keys;
  keys.add("name", &ServerNameTierOptions::name, text(kSniPattern),
           {"What the client asks for in its TLS handshake (RFC 6066, 3).", Reload::live, true});
  keys.add("tier", &ServerNameTierOptions::tier, text(kName), {kTierText, Reload::live, true});
  return keys;
}

Section<policy::ListenerTierOptions> listener_tier_section() {
  using policy::ListenerTierOptions;
  Section<ListenerTierOptions> keys;
  keys.add("listener", &ListenerTierOptions::listener, text(kName),
           {"The name of one of `listeners`.", Reload::live, true});
  keys.add("tier", &ListenerTierOptions::tier, text(kName), {kTierText, Reload::live, true});
  return keys;
}

void add_requests(Section<policy::IdentifyOptions>& keys) {
  using policy::IdentifyOptions;
  keys.add("jwt", &IdentifyOptions::jwt,
           section_list<policy::JwtOptions>(
               jwt_section(), [](const policy::JwtOptions& j) { return j.name; }, Empty::allowed),
           {"Signed tokens (RFC 7519) that requests carry."});
  keys.add("api_key_header", &IdentifyOptions::api_key_header, text(kFieldName),
           {"The field with the API key."});
  keys.add("api_keys", &IdentifyOptions::api_keys,
           section_list<policy::ApiKeyOptions>(
               api_key_section(), [](const policy::ApiKeyOptions& k) { return k.sha256; },
               Empty::allowed),
           {"API keys, by their hash."});
  keys.add("header", &IdentifyOptions::header, section(header_identity_section()),
           {"What a proxy in front of this node says about who asks."});
}

} // namespace

Section<policy::IdentifyOptions> identify_section() {
  using policy::IdentifyOptions;
  Section<IdentifyOptions> keys;
  keys.add("default_tier", &IdentifyOptions::default_tier, text(kName, Empty::allowed),
           {"Of whom nothing else is known; \"\": the last of `tiers`."});
  add_requests(keys);
  keys.add("certificates", &IdentifyOptions::certificates,
           section_list<policy::CertificateTierOptions>(
               certificate_tier_section(),
               [](const policy::CertificateTierOptions& c) { return c.name; }, Empty::allowed),
           {"Of the connection, when the request says nothing: client certificates. They come "
            "before networks, server_names and listeners, in this order."});
  keys.add("networks", &IdentifyOptions::networks,
           section_list<policy::NetworkTierOptions>(
               network_section(), [](const policy::NetworkTierOptions& n) { return n.network; },
               Empty::allowed),
           {"By the client's address."});
  keys.add("server_names", &IdentifyOptions::server_names,
           section_list<policy::ServerNameTierOptions>(
               server_name_section(), [](const policy::ServerNameTierOptions& s) { return s.name; },
               Empty::allowed),
           {"By the host of the TLS handshake."});
  keys.add("listeners", &IdentifyOptions::listeners,
           section_list<policy::ListenerTierOptions>(
               listener_tier_section(),
               [](const policy::ListenerTierOptions& l) { return l.listener; }, Empty::allowed),
           {"By where the client connected to."});
  keys.add("token_cache", &IdentifyOptions::token_cache, number<std::uint32_t>(1, 10'000'000),
           {"Tokens that a worker remembers with what came of them, refused ones too: so each is "
            "verified once."});
  return keys;
}

} // namespace selvedge::config
