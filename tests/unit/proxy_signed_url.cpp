// Tokens of URLs that work until a time: what is signed, what is refused and why.
#include <selvedge/proxy/signed_url.hpp>
#include <tests/support/catch.hpp>

#include <string>

using namespace selvedge::proxy;
using std::chrono::sys_seconds;
using V = TokenVerdict;

namespace {

constexpr const char* kKeyLine =
    "k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
constexpr const char* kOtherLine =
    "k2 ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n";
const sys_seconds kNow{std::chrono::seconds{1'790'000'000}};
const sys_seconds kLater = kNow + std::chrono::hours{1};

UrlKeys keys() {
  return UrlKeys::parse(kKeyLine);
}

V verdict(std::string_view token, std::string_view target, std::string_view host = "cdn.test",
          std::string_view address = "192.0.2.1", sys_seconds now = kNow) {
  return check_token(token, keys(), host, target, address, now);
}

std::string error_of(std::string_view text) {
  try {
    UrlKeys::parse(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEST_CASE("A token of a URL is what its form says, whoever makes it", "[proxy][access]") {
  // printf 'selvedge-url-1\ncdn.test\n1790003600\nu\n/pro/a.js?v=1\n\n' | openssl dgst -sha256
  //   -mac hmac -macopt hexkey:000102...1f
  const std::string token = sign_url(keys(), {"cdn.test", "/pro/a.js?v=1", {}, ""}, kLater);
  CHECK(token == "k1.1790003600.u."
                 "0b79957de54447fa1645b09c65de46659a5bd2ee864a5ed0cf453ec005bf514b");
  CHECK(verdict(token, "/pro/a.js?v=1") == V::good);
}

TEST_CASE("A token is for its URL, host and time alone", "[proxy][access]") {
  const std::string token = sign_url(keys(), {"cdn.test", "/pro/a.js?v=1", {}, ""}, kLater);
  CHECK(verdict(token, "/pro/a.js?v=2") == V::wrong);
  CHECK(verdict(token, "/pro/a.js") == V::wrong);
  CHECK(verdict(token, "/pro/b.js?v=1") == V::wrong);
  CHECK(verdict(token, "/pro/a.js?v=1", "other.test") == V::wrong);
  CHECK(verdict(token, "/pro/a.js?v=1", "CDN.test:8443") == V::good);
  CHECK(verdict(token, "/pro/a.js?v=1", "cdn.test", "2001:db8::1") == V::good);
  CHECK(verdict(token, "/pro/a.js?v=1", "cdn.test", "", kLater) == V::expired);
  CHECK(verdict(token, "/pro/a.js?v=1", "cdn.test", "", kLater - std::chrono::seconds{1}) ==
        V::good);
}

TEST_CASE("A token of a prefix is for all paths that begin so", "[proxy][access]") {
  const std::string token = sign_url(keys(), {"cdn.test", "/pro/a.js?v=1", 5, ""}, kLater);
  CHECK(verdict(token, "/pro/") == V::good);
  CHECK(verdict(token, "/pro/other/b.css?x") == V::good);
  CHECK(verdict(token, "/pr") == V::wrong);
  CHECK(verdict(token, "/free/a.js") == V::wrong);
  CHECK(verdict(token, "/pr?/pro/") == V::wrong); // the query is no path
}

TEST_CASE("A token may be for one client", "[proxy][access]") {
  const std::string token = sign_url(keys(), {"cdn.test", "/a", {}, "192.0.2.1"}, kLater);
  CHECK(verdict(token, "/a") == V::good);
  CHECK(verdict(token, "/a", "cdn.test", "192.0.2.2") == V::wrong);
}

TEST_CASE("An address is the same in every spelling", "[proxy][access]") {
  const std::string v4 = sign_url(keys(), {"cdn.test", "/a", {}, "192.0.2.1"}, kLater);
  CHECK(verdict(v4, "/a", "cdn.test", "::ffff:192.0.2.1") == V::good); // on a socket of both
  const std::string v6 = sign_url(keys(), {"cdn.test", "/a", {}, "2001:DB8:0:0::1"}, kLater);
  CHECK(verdict(v6, "/a", "cdn.test", "2001:db8::1") == V::good);
}

TEST_CASE("Whoever changes a token has none", "[proxy][access]") {
  const std::string good = sign_url(keys(), {"cdn.test", "/pro/a.js", {}, ""}, kLater);
  for (std::size_t i = 0; i < good.size(); ++i) {
    CAPTURE(i);
    std::string bad = good;
    bad[i] = bad[i] == '1' ? '2' : '1';
    CHECK(verdict(bad, "/pro/a.js") != V::good);
    CHECK(verdict(std::string_view(good).substr(0, i), "/pro/a.js") != V::good);
  }
  CHECK(verdict(good + "0", "/pro/a.js") == V::malformed);
  CHECK(verdict("", "/pro/a.js") == V::missing);
  CHECK(verdict("k9" + good.substr(2), "/pro/a.js") == V::unknown_key);
  // Numbers have one spelling, so that one token has one text.
  CHECK(verdict("k1.01790003600" + good.substr(13), "/pro/a.js") == V::malformed);
  CHECK(verdict("k1.99999999999999999999.u." + std::string(64, '0'), "/a") == V::malformed);
  for (const char* scope :
       {"", "a", "p", "p0", "p01", "p-1", "q", "ua1", "p99999999999999999999"}) {
    CAPTURE(scope);
    const std::string token = std::string("k1.1790003600.") + scope + "." + std::string(64, '0');
    CHECK(verdict(token, "/pro/a.js") == V::malformed);
  }
}

TEST_CASE("The first key signs, all are believed", "[proxy][access]") {
  const UrlKeys old = UrlKeys::parse(kKeyLine);
  const UrlKeys both = UrlKeys::parse(std::string("# new first\n") + kOtherLine + "\n" + kKeyLine);
  const SignedScope scope{"cdn.test", "/a", {}, ""};
  CHECK(check_token(sign_url(old, scope, kLater), both, "cdn.test", "/a", "", kNow) == V::good);
  const std::string fresh = sign_url(both, scope, kLater);
  CHECK(fresh.starts_with("k2."));
  CHECK(check_token(fresh, old, "cdn.test", "/a", "", kNow) == V::unknown_key);
}

TEST_CASE("A file of keys that is wrong says where", "[proxy][access]") {
  CHECK(error_of("") == "there is no key in it");
  CHECK(error_of("k1 0011\n").starts_with("line 1: is no key"));
  CHECK(error_of(std::string("\n") + kKeyLine + kKeyLine) == "line 3: 'k1' is there twice");
  CHECK(error_of("k-1" + std::string(kKeyLine).substr(2)).starts_with("line 1: is no key"));
  CHECK(error_of("k1 " + std::string(64, 'g')).starts_with("line 1: is no key"));
}

TEST_CASE("The token is taken out of the query, wherever it stands", "[proxy][access]") {
  const auto split = [](std::string_view target) { return split_token(target, "t"); };
  CHECK(split("/a?t=1").without == "/a");
  CHECK(split("/a?t=1").token == "1");
  CHECK(split("/a?x=1&t=2&y=3").without == "/a?x=1&y=3");
  CHECK(split("/a?t=2&y=3").without == "/a?y=3");
  CHECK(split("/a?x=1&t=2").without == "/a?x=1");
  CHECK(split("/a?x&&t=2&").without == "/a?x&&"); // what is left stays as it was
  CHECK(split("/a?tt=1").count == 0);
  CHECK(split("/a?tt=1").without == "/a?tt=1");
  CHECK(split("/a").without == "/a");
  CHECK(split("/a?").without == "/a?");
  CHECK(split("/a?t").token.empty());
  CHECK(split("/a?t=1&t=2").count == 2);
  CHECK(split("/a?t=1&t=2").without == "/a");
}
