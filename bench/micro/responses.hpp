// The request, head and stored responses that the benchmarks share: those of an ordinary web asset.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <string>

namespace selvedge::bench {

http::RequestHead asset_request(); // a browser's, with a dozen fields
http::RequestHead plain_request(); // a load generator's, for the same asset
// How a client writes that request in HTTP/1.1.
std::string h1_text(const http::RequestHead& request);
http::FieldList asset_head();              // ten fields
std::string asset_url(std::size_t number); // the key's text
// A complete one of `bytes` content, fresh for an hour from `received`.
boost::intrusive_ptr<cache::StoredResponse>
asset(std::size_t number, std::size_t bytes, base::Steady received, cache::MemoryLedger* ledger);
// The same for what this request asks for, so that the request selects it; without Cache-Control,
// as what a manifest vouches for is stored.
boost::intrusive_ptr<cache::StoredResponse> asset_for(const http::RequestHead& request,
                                                      std::size_t bytes, base::Steady received,
                                                      cache::MemoryLedger* ledger,
                                                      bool says_lifetime = true);

} // namespace selvedge::bench
