#include <src/proxy/answers.hpp>
#include <tests/support/catch.hpp>

#include <limits>
#include <string>

using namespace selvedge;
using namespace selvedge::proxy;
using base::ErrorCode;
using base::ErrorSource;
using http::CacheOutcome;

TEST_CASE("RFC 9211, 2: how an answer came about", "[proxy][answers]") {
  base::Arena arena;
  CacheStatusParts hit;
  hit.outcome = CacheOutcome::hit;
  hit.ttl = std::chrono::seconds(376);
  CHECK(cache_status_text("node", hit, arena) == "node; hit; ttl=376");
  hit.outcome = CacheOutcome::stale;
  hit.ttl = std::chrono::seconds(-5);
  CHECK(cache_status_text("node", hit, arena) == "node; hit; ttl=-5");

  CacheStatusParts forwarded;
  forwarded.outcome = CacheOutcome::miss;
  forwarded.forward_reason = "uri-miss";
  forwarded.forward_status = 200;
  CHECK(cache_status_text("node", forwarded, arena) == "node; fwd=uri-miss; fwd-status=200");
  forwarded.is_stored = true;
  CHECK(cache_status_text("node", forwarded, arena) ==
        "node; fwd=uri-miss; fwd-status=200; stored");

  // A stored response that the origin was asked about, and that is served all the same.
  CacheStatusParts fallback;
  fallback.outcome = CacheOutcome::stale;
  fallback.forward_reason = "stale";
  fallback.forward_status = 503;
  fallback.ttl = std::chrono::seconds(-9);
  fallback.detail = "stale-if-error";
  // RFC 9211, 2.1 and 2.2: hit and fwd exclude each other.
  CHECK(cache_status_text("node", fallback, arena) ==
        "node; fwd=stale; fwd-status=503; ttl=-9; detail=stale-if-error");

  CacheStatusParts collapsed;
  collapsed.outcome = CacheOutcome::collapsed;
  collapsed.forward_reason = "stale";
  CHECK(cache_status_text("node", collapsed, arena) == "node; fwd=stale; collapsed");
}

TEST_CASE("a long name is cut, not written behind its room", "[proxy][answers]") {
  base::Arena arena;
  const std::string name(1000, 'n');
  const std::string_view text = cache_status_text(name, CacheStatusParts(), arena);
  CHECK(text.size() < 1000);
  CHECK(std::string_view(name).starts_with(text));
}

TEST_CASE("RFC 9209, 2: what went wrong, without an address", "[proxy][answers]") {
  base::Arena arena;
  CHECK(proxy_status_text("node", {ErrorCode::connect_refused, ErrorSource::upstream}, arena) ==
        "node; error=connection_refused");
  CHECK(proxy_status_text("node", {ErrorCode::connect_timeout, ErrorSource::upstream}, arena) ==
        "node; error=connection_timeout");
  CHECK(proxy_status_text("node", {ErrorCode::tls_failed, ErrorSource::upstream}, arena) ==
        "node; error=tls_protocol_error");
  CHECK(proxy_status_text("node", {ErrorCode::certificate, ErrorSource::upstream}, arena) ==
        "node; error=tls_certificate_error");
}

TEST_CASE("RFC 9110, 15: the status that an error becomes", "[proxy][answers]") {
  using Row = std::tuple<ErrorCode, ErrorSource, http::Status>;
  const auto [code, source, status] = GENERATE(table<ErrorCode, ErrorSource, http::Status>({
      Row{ErrorCode::bad_request, ErrorSource::downstream, http::Status{400}},
      Row{ErrorCode::head_too_large, ErrorSource::downstream, http::Status{431}},
      Row{ErrorCode::target_too_long, ErrorSource::downstream, http::Status{414}},
      Row{ErrorCode::body_too_large, ErrorSource::downstream, http::Status{413}},
      Row{ErrorCode::timeout, ErrorSource::downstream, http::Status{408}},
      Row{ErrorCode::timeout, ErrorSource::upstream, http::Status{504}},
      Row{ErrorCode::connect_timeout, ErrorSource::upstream, http::Status{504}},
      Row{ErrorCode::connect_refused, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::name_not_resolved, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::tls_failed, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::certificate, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::closed, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::protocol, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::too_large, ErrorSource::upstream, http::Status{502}},
      Row{ErrorCode::no_origin, ErrorSource::upstream, http::Status{503}},
      Row{ErrorCode::overloaded, ErrorSource::internal, http::Status{503}},
      Row{ErrorCode::not_found, ErrorSource::upstream, http::Status{404}},
      Row{ErrorCode::internal, ErrorSource::internal, http::Status{500}},
      Row{ErrorCode::io, ErrorSource::internal, http::Status{500}},
  }));
  CAPTURE(base::name(code));
  CHECK(status_of({code, source}) == status);
}

TEST_CASE("RFC 9211, 2: no other parameters than those", "[proxy][answers]") {
  base::Arena arena;
  for (std::uint8_t outcome = 0; outcome < http::kCacheOutcomes; ++outcome) {
    CacheStatusParts parts;
    parts.outcome = static_cast<CacheOutcome>(outcome);
    parts.forward_reason = "miss";
    parts.forward_status = 200;
    parts.ttl = std::chrono::seconds(1);
    parts.is_stored = true;
    parts.detail = "d";
    std::string_view rest = cache_status_text("node", parts, arena);
    rest.remove_prefix(std::string_view("node").size());
    while (!rest.empty()) {
      REQUIRE(rest.starts_with("; "));
      rest.remove_prefix(2);
      const std::string_view name = rest.substr(0, rest.find_first_of("=;"));
      CAPTURE(name);
      CHECK((name == "hit" || name == "fwd" || name == "fwd-status" || name == "ttl" ||
             name == "stored" || name == "collapsed" || name == "key" || name == "detail"));
      rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    }
  }
}

TEST_CASE("texts of answers made here", "[proxy][answers]") {
  base::Arena arena;
  CHECK(error_content(404, arena) == "404 Not Found\n");
  CHECK(error_content(508, arena) == "508 Loop Detected\n");
  CHECK(purge_content(7, 2, arena) == "{\"epoch\":7,\"matched\":2}\n");
  CHECK(number_text(0, arena) == "0");
  CHECK(number_text(std::numeric_limits<std::int64_t>::min(), arena) == "-9223372036854775808");
}
