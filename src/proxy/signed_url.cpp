#include <selvedge/proxy/signed_url.hpp>

#include <selvedge/base/file_text.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <stdexcept>

namespace selvedge::proxy {

namespace {

constexpr std::string_view kForm = "selvedge-url-1";
constexpr std::size_t kMacText = 64;
constexpr std::size_t kLongestId = 16;
constexpr std::size_t kLongestToken = 128;

bool is_key_id(std::string_view text) {
  const auto is_good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && text.size() <= kLongestId && std::ranges::all_of(text, is_good);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

bool read_secret(std::string_view text, std::array<unsigned char, UrlKeys::kSecret>& into) {
  if (text.size() != 2 * into.size()) return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const char* at = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, into[i], 16);
    if (error != std::errc{} || end != at + 2) return false;
  }
  return true;
}

// Digits only, in their one spelling.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_padded = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || is_padded) return std::nullopt;
  return number;
}

std::string host_line(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  std::string host(authority.substr(0, has_port ? colon : authority.size()));
  std::ranges::transform(host, host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return host;
}

// One text for an address; as it is, for what is none.
std::string canonical_address(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  const std::string text(address);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  const char* made = ::inet_ntop(AF_INET6, bytes.data(), canonical.data(), canonical.size());
  const std::string_view found = made != nullptr ? made : address;
  const bool is_v4 = found.starts_with(kMapped) && found.find('.') != std::string_view::npos;
  return std::string(is_v4 ? found.substr(kMapped.size()) : found);
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::string mac_of(const UrlKeys::Key& key, std::string_view host, std::string_view expires,
                   std::string_view scope, std::string_view subject, std::string_view address) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", kForm, host_line(host), expires,
                                       scope, subject, address);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()), bytes, text.size(),
           mac.data(), &size) == nullptr) {
    throw std::bad_alloc();
  }
  std::string digits;
  for (unsigned i = 0; i < size; ++i) {
    fmt::format_to(std::back_inserter(digits), "{:02x}", mac[i]);
  }
  return digits;
}

// KEY.EXPIRES.SCOPE.MAC
struct Token {
  std::string_view key, expires, scope, mac;
  std::uint64_t until = 0;
  std::optional<std::size_t> prefix_length;
  bool has_address = false;
};

std::optional<Token> parse_token(std::string_view text) {
  Token token;
  if (text.size() > kLongestToken) return std::nullopt;
  for (std::string_view* part : {&token.key, &token.expires, &token.scope}) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    *part = text.substr(0, dot);
    text.remove_prefix(dot + 1);
  }
  token.mac = text;
  const auto until = number_of(token.expires);
  if (!is_key_id(token.key) || !until || token.mac.size() != kMacText) return std::nullopt;
  token.until = *until;
  std::string_view scope = token.scope;
  if (scope.ends_with('a')) {
    token.has_address = true;
    scope.remove_suffix(1);
  }
  if (scope == "u") return token;
  if (!scope.starts_with('p')) return std::nullopt;
  const auto length = number_of(scope.substr(1));
  if (!length || *length == 0) return std::nullopt;
  token.prefix_length = *length;
  return token;
}

} // namespace

UrlKeys UrlKeys::parse(std::string_view text) {
  UrlKeys keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = std::min(line.find(' '), line.size());
    Key key{std::string(line.substr(0, space)), {}};
    const std::string place = "line " + std::to_string(number);
    if (!is_key_id(key.id) || !read_secret(trimmed(line.substr(space)), key.secret)) {
      throw std::runtime_error(
          place + ": is no key: an id of letters and digits, a space, 64 hexadecimal digits");
    }
    if (keys.find(key.id) != nullptr) {
      throw std::runtime_error(place + ": '" + key.id + "' is there twice");
    }
    keys.keys_.push_back(std::move(key));
  }
  if (keys.keys_.empty()) throw std::runtime_error("there is no key in it");
  return keys;
}

UrlKeys UrlKeys::read(const std::string& path) {
  constexpr std::size_t kMost = 1 << 20;
  const boost::system::result<std::string> text = base::file_text(path, kMost);
  if (!text || text->size() == kMost) {
    throw std::runtime_error("cannot read keys from '" + path + "'");
  }
  try {
    return parse(*text);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path + ": " + error.what());
  }
}

const UrlKeys::Key* UrlKeys::find(std::string_view id) const {
  const auto found = std::ranges::find(keys_, id, &Key::id);
  return found == keys_.end() ? nullptr : &*found;
}

std::string sign_url(const UrlKeys& keys, const SignedScope& scope,
                     std::chrono::sys_seconds until) {
  const UrlKeys::Key& key = keys.signing();
  const std::string expires = std::to_string(until.time_since_epoch().count());
  std::string form = scope.prefix_length ? fmt::format("p{}", *scope.prefix_length) : "u";
  if (!scope.address.empty()) form += 'a';
  const std::string_view subject =
      scope.prefix_length ? scope.target.substr(0, *scope.prefix_length) : scope.target;
  return fmt::format(
      "{}.{}.{}.{}", key.id, expires, form,
      mac_of(key, scope.host, expires, form, subject, canonical_address(scope.address)));
}

std::string_view text_of(TokenVerdict verdict) {
  constexpr std::array<std::string_view, kTokenVerdicts> kTexts{
      "good", "missing", "malformed", "unknown-key", "expired", "wrong", "method"};
  return kTexts[static_cast<std::size_t>(verdict)];
}

TokenVerdict check_token(std::string_view token, const UrlKeys& keys, std::string_view host,
                         std::string_view target, std::string_view address,
                         std::chrono::sys_seconds now) {
  if (token.empty()) return TokenVerdict::missing;
  const auto parts = parse_token(token);
  if (!parts) return TokenVerdict::malformed;
  const UrlKeys::Key* key = keys.find(parts->key);
  if (key == nullptr) return TokenVerdict::unknown_key;
  const auto second = now.time_since_epoch().count();
  if (second < 0 || static_cast<std::uint64_t>(second) >= parts->until) {
    return TokenVerdict::expired;
  }
  std::string_view subject = target;
  if (parts->prefix_length) {
    if (*parts->prefix_length > path_of(target).size()) return TokenVerdict::wrong;
    subject = target.substr(0, *parts->prefix_length);
  }
  const std::string mac = mac_of(*key, host, parts->expires, parts->scope, subject,
                                 parts->has_address ? canonical_address(address) : std::string());
  const bool is_same = CRYPTO_memcmp(mac.data(), parts->mac.data(), kMacText) == 0;
  return is_same ? TokenVerdict::good : TokenVerdict::wrong;
}

SplitTarget split_token(std::string_view target, std::string_view parameter) {
  SplitTarget split;
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return {std::string(target), {}, 0};
  split.without = target.substr(0, question);
  std::string_view query = target.substr(question + 1);
  char separator = '?';
  for (bool is_last = false; !is_last;) {
    const std::size_t end = query.find('&');
    is_last = end == std::string_view::npos;
    const std::string_view one = query.substr(0, end);
    if (!is_last) query.remove_prefix(end + 1);
    const bool is_it = one.starts_with(parameter) &&
                       (one.size() == parameter.size() || one[parameter.size()] == '=');
    if (is_it) {
      split.token = one.substr(std::min(parameter.size() + 1, one.size()));
      ++split.count;
      continue;
    }
    split.without += separator;
    split.without += one;
    separator = '&';
  }
  if (split.count == 0) split.without = target;
  return split;
}

} // namespace selvedge::proxy
