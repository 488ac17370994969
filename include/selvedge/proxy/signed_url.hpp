// URLs that work until a time, signed by who shares a key with the node. One parameter of the
// query, or a cookie of its name, carries the token:
//
//   KEY.EXPIRES.SCOPE.MAC        k1.1790000000.p8a.5f2c...
//
// KEY names the key, EXPIRES is in seconds since 1970, SCOPE is "u" for this path and query and no
// other, or "p" and a length for every path that begins with as many bytes of this one, then "a"
// where the token is good for one client address only. MAC is HMAC-SHA-256 (RFC 2104) in lower case
// hexadecimal, over these lines, each with its "\n":
//
//   selvedge-url-1
//   the host, in lower case and without its port
//   EXPIRES
//   SCOPE
//   "u": the path and the query without the token; "p": the bytes that the path must begin with
//   the client's address (RFC 5952; IPv4 in dots also where it came over IPv6), or nothing
//
// Paths are in the normal form of cache::normal_path(), as the request's is when it is compared.
// Thread: any.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::proxy {

class UrlKeys {
public:
  static constexpr std::size_t kSecret = 32; // bytes
  struct Key {
    std::string id; // letters and digits, at most 16
    std::array<unsigned char, kSecret> secret{};
  };

  // Lines of an id and 64 hexadecimal digits, as `echo "k1 $(openssl rand -hex 32)"` writes one.
  // The first signs, all are believed; '#' begins a comment. Throws std::runtime_error that says
  // which line is wrong.
  static UrlKeys parse(std::string_view text);
  // Throws std::runtime_error that names the file.
  static UrlKeys read(const std::string& path);

  const Key& signing() const { return keys_.front(); }
  const Key* find(std::string_view id) const;

private:
  std::vector<Key> keys_;
};

// What a token is about.
struct SignedScope {
  std::string_view host;                    // may have a port and capital letters
  std::string_view target;                  // path and query, without the token
  std::optional<std::size_t> prefix_length; // of the path; nothing: this target only
  std::string_view address;                 // of the one client, in any form; empty: any
};

// Requires: a prefix is no longer than the path of the target.
std::string sign_url(const UrlKeys& keys, const SignedScope& scope, std::chrono::sys_seconds until);

// A token is for reading: for GET, HEAD and OPTIONS.
enum class TokenVerdict : std::uint8_t {
  good,
  missing,
  malformed,
  unknown_key,
  expired,
  wrong,
  method,
};
constexpr std::size_t kTokenVerdicts = 7;
std::string_view text_of(TokenVerdict verdict);

// `address` is the client's. The signature is compared in constant time.
TokenVerdict check_token(std::string_view token, const UrlKeys& keys, std::string_view host,
                         std::string_view target, std::string_view address,
                         std::chrono::sys_seconds now);

// A target whose parameter of that name is taken out. It is taken out wherever it stands, and read
// only when it is there once: of several, each could be another's.
struct SplitTarget {
  std::string without; // as it was, but for the parameter
  std::string_view token;
  std::size_t count = 0;
};
SplitTarget split_token(std::string_view target, std::string_view parameter);

} // namespace selvedge::proxy
