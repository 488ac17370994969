// The request, head and stored responses that the benchmarks share: those of an ordinary web asset.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <string>

namespace selvedge::bench {

http::RequestHead asset_request();         // a browser's, with a dozen fields
http::FieldList asset_head();              // ten fields
std::string asset_url(std::size_t number); // the key's text
// A complete one of `bytes` content, fresh for an hour from `received`.
boost::intrusive_ptr<cache::StoredResponse>
asset(std::size_t number, std::size_t bytes, base::Steady received, cache::MemoryLedger* ledger);
// The same under another key.
boost::intrusive_ptr<cache::StoredResponse> asset_under(const cache::CacheKey& key,
                                                        std::size_t bytes, base::Steady received,
                                                        cache::MemoryLedger* ledger);

} // namespace selvedge::bench
