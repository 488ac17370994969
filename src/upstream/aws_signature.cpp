#include "aws_signature.hpp"

#include <selvedge/http/percent_encoding.hpp>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace selvedge::upstream {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string encoded(std::string_view bytes, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c) || kept.find(c) != std::string_view::npos) {
      text.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text.push_back('%');
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

template <std::size_t size> std::string hex(const std::array<unsigned char, size>& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

using Sha256 = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Sha256 hmac(std::string_view key, std::string_view text) {
  Sha256 digest{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return digest;
}

std::string_view view(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hash_of(std::string_view text) {
  Sha256 digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex(digest);
}

// Names and values decoded, encoded again and sorted; a name alone has an empty value.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : one.substr(equals + 1);
    parameters.emplace_back(uri_encoded(http::percent_decoded(one.substr(0, equals))),
                            uri_encoded(http::percent_decoded(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!text.empty()) text.push_back('&');
    text.append(name).append("=").append(value);
  }
  return text;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Without spaces at the ends, and with one where there are several.
std::string canonical_value(std::string_view value) {
  std::string text;
  for (const char c : http::trim(value)) {
    const bool is_repeated = c == ' ' && !text.empty() && text.back() == ' ';
    if (!is_repeated) text.push_back(c);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> sorted(std::span<const http::Field> fields) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const http::Field& field : fields) {
    list.emplace_back(lower_case(field.name), canonical_value(field.value));
  }
  std::sort(list.begin(), list.end());
  return list;
}

} // namespace

std::string uri_encoded(std::string_view bytes) {
  return encoded(bytes, "");
}

std::string uri_encoded_path(std::string_view bytes) {
  return encoded(bytes, "/");
}

std::string aws_timestamp(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string signed_field_names(std::span<const http::Field> fields) {
  std::string names;
  for (const auto& [name, value] : sorted(fields)) {
    if (!names.empty()) names.push_back(';');
    names.append(name);
  }
  return names;
}

std::string canonical_request(const AwsRequest& request) {
  const std::size_t mark = request.target.find('?');
  const std::string_view path = request.target.substr(0, mark);
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : request.target.substr(mark + 1);
  std::string text(request.method);
  // S3 encodes a path once and does not normalise it: keys may hold "//".
  text.append("\n").append(uri_encoded_path(http::percent_decoded(path)));
  text.append("\n").append(canonical_query(query)).append("\n");
  for (const auto& [name, value] : sorted(request.fields)) {
    text.append(name).append(":").append(value).append("\n");
  }
  text.append("\n").append(signed_field_names(request.fields));
  text.append("\n").append(request.payload_hash);
  return text;
}

AwsSigner::AwsSigner(std::string region, std::string service)
    : region_(std::move(region)), service_(std::move(service)) {}

AwsSigner::~AwsSigner() {
  ::OPENSSL_cleanse(secret_.data(), secret_.size());
  ::OPENSSL_cleanse(key_.data(), key_.size());
}

void AwsSigner::derive_key(const std::string& day, std::string_view secret_key) {
  std::string first = "AWS4";
  first.append(secret_key);
  Sha256 key = hmac(first, day);
  key = hmac(view(key), region_);
  key = hmac(view(key), service_);
  key_ = hmac(view(key), "aws4_request");
  ::OPENSSL_cleanse(first.data(), first.size());
  day_ = day;
  secret_ = secret_key;
}

std::string AwsSigner::authorization(const AwsRequest& request, const AwsKeys& keys,
                                     std::chrono::sys_seconds time) {
  const std::string timestamp = aws_timestamp(time);
  const std::string day = timestamp.substr(0, 8);
  if (day != day_ || keys.secret_key != secret_) derive_key(day, keys.secret_key);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region_, service_);
  const std::string string_to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, timestamp, scope,
                                                 hash_of(canonical_request(request)));
  return fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                     keys.access_key, scope, signed_field_names(request.fields),
                     hex(hmac(view(key_), string_to_sign)));
}

} // namespace selvedge::upstream
