#include "responses.hpp"

#include <utility>

namespace selvedge::bench {

http::RequestHead asset_request() {
  http::RequestHead request;
  request.scheme = "https";
  request.authority = "www.example.com";
  request.target = "/static/app/main.3f9c1d.js?v=20250101";
  http::FieldList& fields = request.fields;
  fields.add("user-agent",
             "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari");
  fields.add("accept", "*/*");
  fields.add("accept-encoding", "gzip, deflate, br, zstd");
  fields.add("accept-language", "en-GB,en;q=0.9");
  fields.add("referer", "https://www.example.com/");
  fields.add("sec-fetch-dest", "script");
  fields.add("sec-fetch-mode", "no-cors");
  fields.add("sec-fetch-site", "same-origin");
  fields.add("priority", "u=1");
  fields.add("cookie", "session=0123456789abcdef; theme=dark");
  fields.add("via", "1.1 inner");
  fields.add("x-forwarded-for", "192.0.2.7");
  return request;
}

http::RequestHead plain_request() {
  http::RequestHead request = asset_request();
  request.fields.clear();
  request.fields.add("user-agent", "load/1.0");
  return request;
}

std::string h1_text(const http::RequestHead& request) {
  std::string text(request.method_text);
  text.append(" ").append(request.target).append(" HTTP/1.1\r\n");
  text.append("Host: ").append(request.authority).append("\r\n");
  for (const http::Field& field : request.fields) {
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return text.append("\r\n");
}

http::FieldList asset_head() {
  http::FieldList fields;
  fields.add("Date", "Wed, 01 Jan 2025 12:00:00 GMT");
  fields.add("Server", "example");
  fields.add("Content-Type", "text/javascript; charset=utf-8");
  fields.add("Cache-Control", "public, max-age=3600, stale-while-revalidate=60");
  fields.add("ETag", "\"3f9c1d2b-1a2b3c\"");
  fields.add("Last-Modified", "Tue, 31 Dec 2024 08:00:00 GMT");
  fields.add("Vary", "Accept-Encoding");
  fields.add("X-Content-Type-Options", "nosniff");
  fields.add("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  fields.add("Access-Control-Allow-Origin", "*");
  return fields;
}

std::string asset_url(std::size_t number) {
  return "https://www.example.com/static/app/chunk-" + std::to_string(number) + ".js";
}

namespace {

boost::intrusive_ptr<cache::StoredResponse>
asset_under(const cache::CacheKey& key, const http::RequestHead& request, std::size_t bytes,
            base::Steady received, cache::MemoryLedger* ledger, bool says_lifetime) {
  boost::intrusive_ptr<cache::Body> body(new cache::Body({.length = bytes, .ledger = ledger}));
  body->append(std::string(bytes, 'x'));
  body->finish();

  cache::StoredResponse::Parts parts;
  parts.key = key.text;
  parts.print = key.print;
  http::FieldList head = asset_head();
  if (!says_lifetime) head.remove(http::FieldName::cache_control);
  parts.head = http::HeadBlock(head);
  parts.body = std::move(body);
  parts.freshness.response_time = received;
  parts.freshness.lifetime = base::Seconds{3600};
  parts.vary = *cache::vary_text(asset_head(), request);
  parts.vary_as_sent = cache::vary_text_as_sent(parts.vary, request);
  return new cache::StoredResponse(std::move(parts), ledger);
}

} // namespace

boost::intrusive_ptr<cache::StoredResponse>
asset(std::size_t number, std::size_t bytes, base::Steady received, cache::MemoryLedger* ledger) {
  const std::string url = asset_url(number);
  return asset_under({url, base::fingerprint(url)}, asset_request(), bytes, received, ledger, true);
}

boost::intrusive_ptr<cache::StoredResponse> asset_for(const http::RequestHead& request,
                                                      std::size_t bytes, base::Steady received,
                                                      cache::MemoryLedger* ledger,
                                                      bool says_lifetime) {
  base::Arena arena;
  const cache::CacheKey key =
      cache::make_cache_key(request.scheme, request.authority, request.target, arena);
  return asset_under(key, request, bytes, received, ledger, says_lifetime);
}

} // namespace selvedge::bench
