#include "client_claims.hpp"

#include <selvedge/http/field.hpp>

#include <algorithm>
#include <array>

namespace selvedge::proxy {

namespace {

using http::FieldName;

constexpr std::size_t kLongest = 32; // of all names below

constexpr std::array kAboutConnection{std::string_view("cf-connecting-ip"),
                                      std::string_view("client-ip"),
                                      std::string_view("fastly-client-ip"),
                                      std::string_view("http2-settings"),
                                      std::string_view("proxy"),
                                      std::string_view("true-client-ip"),
                                      std::string_view("x-client-ip"),
                                      std::string_view("x-cluster-client-ip"),
                                      std::string_view("x-forwarded"),
                                      std::string_view("x-forwarded-by"),
                                      std::string_view("x-original-forwarded-for"),
                                      std::string_view("x-originating-ip"),
                                      std::string_view("x-real-ip"),
                                      std::string_view("x-remote-addr"),
                                      std::string_view("x-remote-ip")};

// Of these, which URL the client has asked for.
constexpr std::array kAboutUrl{std::string_view("front-end-https"),
                               std::string_view("x-forwarded-port"),
                               std::string_view("x-forwarded-protocol"),
                               std::string_view("x-forwarded-scheme"),
                               std::string_view("x-forwarded-server"),
                               std::string_view("x-forwarded-ssl"),
                               std::string_view("x-scheme"),
                               std::string_view("x-url-scheme")};

constexpr std::array kAboutRequest{std::string_view("surrogate-capability"),
                                   std::string_view("x-forwarded-path"),
                                   std::string_view("x-forwarded-prefix"),
                                   std::string_view("x-forwarded-uri"),
                                   std::string_view("x-host"),
                                   std::string_view("x-http-host-override"),
                                   std::string_view("x-http-method"),
                                   std::string_view("x-http-method-override"),
                                   std::string_view("x-method-override"),
                                   std::string_view("x-original-host"),
                                   std::string_view("x-original-method"),
                                   std::string_view("x-original-uri"),
                                   std::string_view("x-original-url"),
                                   std::string_view("x-override-url"),
                                   std::string_view("x-proxy-host"),
                                   std::string_view("x-rewrite-url")};

static_assert(std::ranges::is_sorted(kAboutConnection) && std::ranges::is_sorted(kAboutUrl) &&
              std::ranges::is_sorted(kAboutRequest));

// Fields of ours whose twin would be believed.
bool is_ours(FieldName id) {
  switch (id) {
  case FieldName::content_length:
  case FieldName::forwarded:
  case FieldName::host:
  case FieldName::via:
  case FieldName::x_forwarded_for:
  case FieldName::x_forwarded_host:
  case FieldName::x_forwarded_proto:
    return true;
  default:
    return http::is_hop_by_hop(id);
  }
}

} // namespace

Claim claim_of(std::string_view name) {
  if (name.size() > kLongest) return Claim::none;
  std::array<char, kLongest> text;
  bool is_twin = false;
  std::transform(name.begin(), name.end(), text.begin(), [&is_twin](char c) {
    if (c == '_') {
      is_twin = true;
      return '-';
    }
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const std::string_view normal(text.data(), name.size());
  if (std::ranges::binary_search(kAboutConnection, normal)) return Claim::about_connection;
  if (std::ranges::binary_search(kAboutUrl, normal)) return Claim::about_url;
  if (std::ranges::binary_search(kAboutRequest, normal)) return Claim::about_request;
  return is_twin && is_ours(http::field_name_of(normal)) ? Claim::spelling : Claim::none;
}

} // namespace selvedge::proxy
