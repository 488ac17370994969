// The sections that say what a route does with requests and answers: what is stored, for how long,
// under which key, what is said to the origin and to the client beside; and who may purge, and who
// is believed.
#include "sections.hpp"

#include "cache_rules.hpp"
#include "header_kinds.hpp"
#include "kinds.hpp"

namespace selvedge::config {
namespace {

using proxy::HeaderRuleOptions;
using proxy::KeyOptions;
using proxy::NormalizeOptions;
using proxy::RouteOptions;

Section<KeyOptions> key_section() {
  using proxy::QueryRule;
  Section<KeyOptions> keys;
  keys.add("query", &KeyOptions::query,
           word<QueryRule>({{"keep", QueryRule::keep},
                            {"drop", QueryRule::drop},
                            {"allow", QueryRule::allow},
                            {"deny", QueryRule::deny}}),
           {"Of the query: all of it, nothing, only the listed parameters, or all but those. What "
            "is left out is not sent to the origin either."});
  keys.add("parameters", &KeyOptions::parameters, texts(kParameter, Empty::allowed),
           {"The parameters that allow or deny means, as [v, \"utm_*\"]."});
  keys.add("sort_query", &KeyOptions::sort_query, boolean(),
           {"Whether ?b=2&a=1 is ?a=1&b=2. Parameters of one name keep their order."});
  keys.add("headers", &KeyOptions::headers, texts(kFieldName, Empty::allowed),
           {"Request fields that tell responses apart although the origin sends no Vary for them. "
            "Each value of each is a response of its own: name fields with few values."});
  keys.add("cookies", &KeyOptions::cookies, texts(kCookieName, Empty::allowed),
           {"Cookies that do, by name; the others are no part of the key."});
  return keys;
}

Section<NormalizeOptions> normalize_section() {
  Section<NormalizeOptions> keys;
  keys.add("field", &NormalizeOptions::field, text(kFieldName),
           {"A request field that origins name in Vary.", Reload::live, true});
  keys.add("keep", &NormalizeOptions::keep, texts(kFieldElement),
           {"The elements that matter, best first; whatever else clients send is taken away. Of "
            "accept-encoding all that the client accepts are kept, of every other field the one "
            "of the highest weight (RFC 9110, 12.4.2).",
            Reload::live, true});
  return keys;
}

Section<proxy::SessionOptions> session_section() {
  using proxy::SessionOptions;
  Section<SessionOptions> keys;
  keys.add("enabled", &SessionOptions::enabled, boolean(),
           {"Whether a client keeps, for `lifetime`, the versions that ranges and channels stood "
            "for when it first asked, so that a page never mixes them. They are in a cookie, "
            "signed; the node keeps nothing."});
  keys.add("cookie", &SessionOptions::cookie, text(kCookieName),
           {"Its name. A client that sends a field of this name, though empty, has the pin in that "
            "field instead."});
  keys.add("lifetime", &SessionOptions::lifetime, lifetime(),
           {"How long a session keeps its versions, from its beginning."});
  keys.add("key_file", &SessionOptions::key_file, file("a file", Empty::allowed),
           {"Lines of a name and 16 random bytes in base64, as `echo \"k1 $(head -c16 /dev/urandom "
            "| base64)\"` writes one. The first signs, all are believed: put a new one in front, "
            "and take the old ones away when their sessions have ended."});
  return keys;
}

Section<proxy::ReleaseOptions> release_section() {
  using proxy::ReleaseOptions;
  Section<ReleaseOptions> keys;
  keys.add("file", &ReleaseOptions::file, file("a file", Empty::allowed),
           {"Where releases and their history are kept over restarts. Without one they are "
            "forgotten by the next start, and `latest` is what the origin says."});
  keys.add("follow", &ReleaseOptions::follow, boolean(),
           {"Whether a channel that is changed at the origin is released here: what it stands for "
            "changes at once for a bundle and all it needs, when all of that is known and whole. "
            "false: it changes when the index is next fetched."});
  keys.add("warm", &ReleaseOptions::warm, boolean(),
           {"Whether what pages begin with is fetched and verified before a release is in force. A "
            "release whose entries cannot be had is refused."});
  keys.add(
      "page_time", &ReleaseOptions::page_time, lifetime(),
      {"Entries that a session asks for within so long of each other are of one page. What was "
       "rolled back is kept by sessions until a page begins after a pause of that length."});
  return keys;
}

Section<proxy::BundleOptions> bundle_section() {
  using proxy::BundleOptions;
  using proxy::SelectorAnswer;
  Section<BundleOptions> keys;
  keys.add("enabled", &BundleOptions::enabled, boolean(),
           {"Whether paths are /NAME@SELECTOR/PATH, with a version, a range (^1.2) or a channel "
            "(latest) for selector. The origin is asked for NAME/index.json and NAME/VERSION/PATH, "
            "as selvedge bundle pack writes them."});
  keys.add("selectors", &BundleOptions::selectors,
           word<SelectorAnswer>(
               {{"direct", SelectorAnswer::direct}, {"redirect", SelectorAnswer::redirect}}),
           {"Ranges and channels are answered with the asset and a Content-Location of its exact "
            "version (direct), or with 307 to that."});
  keys.add("selector_lifetime", &BundleOptions::selector_lifetime, lifetime(),
           {"For so long clients may keep what a range or a channel stands for; exact versions a "
            "year. In sessions they ask each time, and are told when it is still the same."});
  keys.add("index_lifetime", &BundleOptions::index_lifetime, lifetime(),
           {"An index that is older, or no longer fresh, is fetched again while it is used on: so "
            "soon a new version is seen."});
  keys.add("index_stale", &BundleOptions::index_stale, lifetime(),
           {"For so long after that it is used while the origin cannot be asked."});
  keys.add("integrity", &BundleOptions::integrity,
           word<proxy::Integrity>({{"off", proxy::Integrity::off},
                                   {"verify", proxy::Integrity::verify},
                                   {"require", proxy::Integrity::require}}),
           {"Whether content is compared, as it comes, with the digest in the manifest of its "
            "version: what differs is answered 502 and not stored. verify lets pass what no "
            "manifest names, require does not. Content is then fetched as a whole."});
  keys.add("sessions", &BundleOptions::sessions, section(session_section()),
           {"Clients that keep the versions they began with."});
  keys.add("releases", &BundleOptions::releases, section(release_section()),
           {"What was released here: see the README, Releases."});
  return keys;
}

Section<proxy::SignedUrlOptions> signed_url_section() {
  using proxy::SignedUrlOptions;
  Section<SignedUrlOptions> keys;
  keys.add("enabled", &SignedUrlOptions::enabled, boolean(),
           {"Whether a request needs a token, as `selvedge sign` makes one: of a URL or of all "
            "below a path, until a time, perhaps for one client address. Without a good one it "
            "gets 403. Neither the cache nor the origin sees the token."});
  keys.add("parameter", &SignedUrlOptions::parameter, text(kCookieName),
           {"The parameter of the query that has the token. Where the query has none, a cookie of "
            "that name may."});
  keys.add("key_file", &SignedUrlOptions::key_file, file("a file", Empty::allowed),
           {"Lines of a name and 64 hexadecimal digits, as `echo \"k1 $(openssl rand -hex 32)\"` "
            "writes one. The first signs, all are believed."});
  return keys;
}

Section<proxy::DictionaryOptions> dictionary_section() {
  using proxy::DictionaryOptions;
  Section<DictionaryOptions> keys;
  keys.add(
      "enabled", &DictionaryOptions::enabled, boolean(),
      {"On a route of bundles, over TLS: whether clients that have another version of an asset "
       "get the difference to that (RFC 9842, dcz). Assets say so by Use-As-Dictionary; a "
       "difference is made once, for whoever asks next, and at a release to the version "
       "before."});
  keys.add(
      "level", &DictionaryOptions::level, number<int>(1, 19),
      {"Of zstd. More is smaller and slower; nobody waits for it. Of versions that have more than "
       "1 MiB together it is 11 at most."});
  keys.add("max_size", &DictionaryOptions::max_size, size(kKiB, 64 * kMiB),
           {"Of the asset, in either version. More is coded without a dictionary."});
  keys.add("least_saving", &DictionaryOptions::least_saving, number<std::uint32_t>(0, 99),
           {"In percent of the best variant without a dictionary. What saves less is not kept."});
  return keys;
}

Section<proxy::CompressionOptions> compression_section() {
  using proxy::CompressionOptions;
  Section<CompressionOptions> keys;
  keys.add(
      "enabled", &CompressionOptions::enabled, boolean(),
      {"Whether content is coded here for clients that accept it, once for all of them: the "
       "variant is stored beside what came from the origin. The first who asks gets it while "
       "it is made. What says no-transform, and answers that are not stored, go as they are."});
  keys.add("codings", &CompressionOptions::codings, texts(kCoding),
           {"Of br, gzip and zstd. A client gets the one it weighs most (RFC 9110, 12.5.3), of "
            "equals the first here."});
  keys.add("types", &CompressionOptions::types, texts(kCodedType),
           {"Content-Type of what is coded, without parameters; \"text/*\" for all that begin so, "
            "\"*+json\" for all that end so."});
  keys.add("min_size", &CompressionOptions::min_size, size(1, 16 * kMiB),
           {"Less content is not worth it."});
  keys.add("max_size", &CompressionOptions::max_size, size(kKiB, 16 * kTiB),
           {"More content is sent as it came. What only turns out to be longer is coded for those "
            "who asked, and the variant not stored."});
  keys.add("br_level", &CompressionOptions::br_level, number<int>(0, 11),
           {"More is smaller and slower. It is made once, on threads beside the workers; 10 and 11 "
            "take a second a megabyte and more, for which the first client waits."});
  keys.add("gzip_level", &CompressionOptions::gzip_level, number<int>(1, 9), {"Likewise."});
  keys.add("zstd_level", &CompressionOptions::zstd_level, number<int>(1, 19), {"Likewise."});
  keys.add("from_origin", &CompressionOptions::from_origin, texts(kCoding, Empty::allowed),
           {"What origins are told is accepted. It is decoded before it is stored; what is not "
            "stored goes on as it is to a client that accepts it. []: identity."});
  keys.add("dictionaries", &CompressionOptions::dictionaries, section(dictionary_section()),
           {"Versions of an asset have much in common: see the README, Dictionaries."});
  return keys;
}

Section<proxy::AccessOptions> access_section() {
  using proxy::AccessOptions;
  Section<AccessOptions> keys;
  keys.add("allow", &AccessOptions::allow, texts(kNetwork, Empty::allowed),
           {"Addresses and networks of clients; []: all. Behind trusted proxies, the address is "
            "the one that they tell."});
  keys.add("deny", &AccessOptions::deny, texts(kNetwork, Empty::allowed),
           {"Those of them that may not; []: none."});
  keys.add("signed_urls", &AccessOptions::signed_urls, section(signed_url_section()),
           {"URLs that work until a time: see the README, Access."});
  return keys;
}

void add_freshness(Section<RouteOptions>& keys) {
  keys.add("control_fields", &RouteOptions::control_fields, texts(kControlField, Empty::allowed),
           {"Fields of answers that are asked before Cache-Control, first to last (RFC 9213, 2.2). "
            "The first that is there and well-formed decides alone: Cache-Control and Expires are "
            "then for other caches. []: Cache-Control decides."});
  keys.add("default_lifetime", &RouteOptions::default_lifetime, lifetime(),
           {"How long answers are fresh that do not say it themselves; 0s: they are not stored."});
  keys.add("heuristic_percent", &RouteOptions::heuristic_percent, number<std::uint32_t>(0, 100),
           {"An answer with Last-Modified that says nothing else is fresh for this part of the "
            "time since then (RFC 9111, 4.2.2). It goes before default_lifetime; 0: never."});
  keys.add("heuristic_limit", &RouteOptions::heuristic_limit, lifetime(),
           {"But no longer than this."});
  keys.add("status_lifetimes", &RouteOptions::status_lifetimes,
           texts(kStatusLifetime, Empty::allowed),
           {"Lifetimes by status where the answer says nothing, as [\"404 10s\", \"5xx 1s\"]; a "
            "status goes before its class, both before the rules above. A few seconds for errors "
            "keep a broken origin from being asked for each request."});
  keys.add(
      "clients_may_revalidate", &RouteOptions::clients_may_revalidate, boolean(),
      {"Whether no-cache, max-age and min-fresh of a request make the cache ask the origin, as "
       "RFC 9111, 5.2.1 has it. Every client can then cause origin requests at will, browsers "
       "with each forced reload: turn it off where the origin must be shielded and purges say "
       "what is outdated."});
  keys.add("stale_while_revalidate", &RouteOptions::stale_while_revalidate, lifetime(),
           {"For so long after its lifetime an answer is still used while it is validated in the "
            "background (RFC 5861, 3), where the answer itself does not say and must-revalidate "
            "and its like do not forbid it."});
  keys.add("stale_if_error", &RouteOptions::stale_if_error, lifetime(),
           {"For so long after its lifetime an answer is used when the origin fails (RFC 5861, 4), "
            "on the same conditions."});
}

Section<HeaderRuleOptions> header_section(const TextRule& names) {
  Section<HeaderRuleOptions> keys;
  keys.add("set", &HeaderRuleOptions::set, std::make_unique<HeaderMapKind>(names),
           {"Fields that are there once, with this value, whatever there was."});
  keys.add("add", &HeaderRuleOptions::add, std::make_unique<HeaderMapKind>(names),
           {"Fields that come beside those of their name."});
  keys.add("remove", &HeaderRuleOptions::remove, texts(names, Empty::allowed),
           {"Fields that are taken away, before those of set and add come."});
  return keys;
}

void add_headers(Section<RouteOptions>& keys) {
  keys.add("trace", &RouteOptions::trace, boolean(),
           {"Whether the node takes part in distributed traces (W3C Trace Context): a client's "
            "valid traceparent goes on with a new parent id, with its tracestate; in place of any "
            "other a new, sampled trace begins. The access log then names the trace of each fetch. "
            "false: both fields pass as they are."});
  keys.add("request_headers", &RouteOptions::request_headers,
           section(header_section(kRequestRuleName)),
           {"What is done to the header of requests to the origin, after everything else. The "
            "cache key and Vary go by what the client sent."});
  keys.add("response_headers", &RouteOptions::response_headers,
           section(header_section(kResponseRuleName)),
           {"What is done to the header of every answer to clients, those from the cache and those "
            "made here included. What is stored stays as the origin sent it, so that a change "
            "shows at once."});
}

} // namespace

Section<RouteOptions> route_section() {
  using cache::CookieRule;
  using proxy::RangeMiss;
  Section<RouteOptions> keys;
  keys.add("name", &RouteOptions::name, text(kName, Empty::allowed),
           {"For logs and metrics; when left out, the prefix."});
  keys.add("prefix", &RouteOptions::prefix, text(kPrefix),
           {"Paths that start with this; the longest match of the site wins."});
  keys.add("origin", &RouteOptions::origin, text(kName),
           {"A name from origins.", Reload::live, true});
  keys.add("access", &RouteOptions::access, section(access_section()),
           {"Who may ask; others get 403."});
  keys.add("cache", &RouteOptions::cache, boolean(),
           {"false: every request goes to the origin and nothing is stored."});
  add_freshness(keys);
  keys.add("set_cookie", &RouteOptions::set_cookie,
           word<CookieRule>({{"bypass", CookieRule::bypass},
                             {"strip", CookieRule::strip},
                             {"store", CookieRule::store}}),
           {"RFC 9111, 7.3 lets a cache store answers with Set-Cookie, and leaves it to origins to "
            "forbid it. Few do, and one user's session then goes to the next. bypass: such an "
            "answer is not stored unless it says public; strip: Set-Cookie is taken away from "
            "every answer to GET and HEAD, which is then stored like any other; store: as the RFC "
            "has it."});
  keys.add("key", &RouteOptions::key, section(key_section()),
           {"What tells responses apart, beside scheme, host and path."});
  keys.add(
      "normalize", &RouteOptions::normalize,
      section_list<NormalizeOptions>(
          normalize_section(), [](const NormalizeOptions& n) { return n.field; }, Empty::allowed),
      {"Request fields reduced to what matters before Vary compares them (RFC 9111, 4.1) and "
       "the origin sees them, so that a response is stored a few times, not once a browser."});
  keys.add("range_miss", &RouteOptions::range_miss,
           word<RangeMiss>({{"forward", RangeMiss::forward}, {"whole", RangeMiss::whole}}),
           {"When a range is asked for that is not stored: forward asks the origin for that range "
            "and stores the part (RFC 9111, 3.3); whole asks for everything and answers from it."});
  keys.add("slice", &RouteOptions::slice, size_or_zero(64 * kKiB, 16 * kTiB),
           {"Fetch objects in ranges of this size, each stored on its own, so that a seek in a "
            "large file waits for one slice. The origin must support ranges. 0: as a whole; at "
            "most cache.max_object."});
  keys.add("early_hints", &RouteOptions::early_hints, boolean(),
           {"Whether a request that waits for the origin gets 103 (RFC 8297) with the Link fields "
            "of the stored response that is too old to be used."});
  keys.add("compression", &RouteOptions::compression, section(compression_section()),
           {"Content codings: see the README, Compression."});
  keys.add("bundles", &RouteOptions::bundles, section(bundle_section()),
           {"Versions of bundles instead of plain paths: see the README, Bundles."});
  add_headers(keys);
  return keys;
}

Section<proxy::PurgeOptions> purge_section() {
  using proxy::PurgeOptions;
  Section<PurgeOptions> keys;
  keys.add("allow", &PurgeOptions::allow, texts(kNetwork, Empty::allowed),
           {"Addresses and networks whose PURGE requests to the ports of clients are obeyed, as "
            "plug-ins of content management systems send them; others get 403. The address is that "
            "of the connection: behind another proxy, all clients share one. []: nobody, and PURGE "
            "goes to the origin like any method."});
  return keys;
}

Section<proxy::ForwardingOptions> forwarding_section() {
  using proxy::ForwardingFields;
  using proxy::ForwardingOptions;
  Section<ForwardingOptions> keys;
  keys.add("trusted_proxies", &ForwardingOptions::trusted_proxies, texts(kNetwork, Empty::allowed),
           {"Addresses and networks of proxies in front of this node. What they say about where a "
            "request comes from is continued, and the access log names the last address in it that "
            "is none of theirs; what all others say is replaced by what this node sees."});
  keys.add("fields", &ForwardingOptions::fields,
           word<ForwardingFields>({{"x_forwarded", ForwardingFields::x_forwarded},
                                   {"forwarded", ForwardingFields::forwarded},
                                   {"both", ForwardingFields::both},
                                   {"none", ForwardingFields::none}}),
           {"How origins are told: x_forwarded is X-Forwarded-For, X-Forwarded-Proto and "
            "X-Forwarded-Host; forwarded is Forwarded (RFC 7239). Of trusted proxies, the client's "
            "address is taken from Forwarded with forwarded, else from X-Forwarded-For."});
  return keys;
}

} // namespace selvedge::config
