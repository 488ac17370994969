#include <selvedge/bundle/session_pin.hpp>

#include "base64.hpp"
#include "version_text.hpp"

#include <selvedge/bundle/name.hpp>
#include <selvedge/bundle/version.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace selvedge::bundle {

namespace {

constexpr std::string_view kForm = "2.";
constexpr std::size_t kMac = 16;
constexpr std::size_t kMacText = 22; // in base64url

using Mac = std::array<unsigned char, kMac>;

struct FreeMac {
  void operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }
};

bool is_key_id(std::string_view text) {
  constexpr std::size_t kLongestId = 8;
  const auto is_good = [](char c) { return is_identifier_character(c) && c != '-'; };
  return !text.empty() && text.size() <= kLongestId && std::ranges::all_of(text, is_good);
}

std::array<char, kMacText> text_of(const Mac& mac) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<char, kMacText> text;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t at = 0;
  for (const unsigned char byte : mac) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) text[at++] = kAlphabet[bits >> (held - 6) & 63];
  }
  text[at] = kAlphabet[bits << (6 - held) & 63];
  return text;
}

// What stands before the next dot, which is taken, too.
std::optional<std::string_view> take_part(std::string_view& text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, dot);
  text.remove_prefix(dot + 1);
  return part;
}

bool read_number(std::string_view text, std::uint64_t& into) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), into);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

bool is_pinned(const PinnedVersion& one) {
  return is_bundle_name(one.name.substr(0, one.name.find(':'))) && is_exact_version(one.version);
}

// The first of a list, which is taken.
PinnedVersion take_pinned(std::string_view& list) {
  const std::size_t end = std::min(list.find('~'), list.size());
  const std::string_view text = list.substr(0, end);
  const std::size_t at = std::min(text.find('@', 1), text.size());
  list.remove_prefix(std::min(end + 1, list.size()));
  return {text.substr(0, at), text.substr(std::min(at + 1, text.size()))};
}

} // namespace

struct PinKeys::Prepared {
  std::string id;
  std::array<unsigned char, kSecret> secret;
  std::unique_ptr<evp_mac_ctx_st, FreeMac> computing;

  Mac mac_of(std::string_view context, std::string_view text) const {
    Mac mac{};
    std::size_t size = 0;
    EVP_MAC_init(computing.get(), secret.data(), secret.size(), nullptr);
    for (const std::string_view part : {context, std::string_view("\n"), text}) {
      EVP_MAC_update(computing.get(), reinterpret_cast<const unsigned char*>(part.data()),
                     part.size());
    }
    EVP_MAC_final(computing.get(), mac.data(), &size, mac.size());
    return mac;
  }
};

PinKeys::PinKeys(const std::vector<Key>& keys, std::string context) : context_(std::move(context)) {
  if (keys.empty()) throw std::runtime_error("sessions need a key");
  EVP_MAC* const siphash = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  for (const Key& key : keys) {
    if (!is_key_id(key.id)) {
      EVP_MAC_free(siphash);
      throw std::runtime_error("'" + key.id +
                               "' is no name of a key: letters and digits, at most 8");
    }
    std::unique_ptr<evp_mac_ctx_st, FreeMac> computing(EVP_MAC_CTX_new(siphash));
    if (!computing ||
        EVP_MAC_init(computing.get(), key.secret.data(), key.secret.size(), nullptr) != 1) {
      EVP_MAC_free(siphash);
      throw std::runtime_error("OpenSSL has no SipHash");
    }
    keys_.push_back({key.id, key.secret, std::move(computing)});
  }
  EVP_MAC_free(siphash);
}

PinKeys::~PinKeys() = default;
PinKeys::PinKeys(PinKeys&&) noexcept = default;

const PinKeys::Prepared* PinKeys::find(std::string_view id) const {
  const auto found = std::ranges::find(keys_, id, &Prepared::id);
  return found == keys_.end() ? nullptr : &*found;
}

Parsed<std::vector<PinKeys::Key>> parse_pin_keys(std::string_view text) {
  using Keys = Parsed<std::vector<PinKeys::Key>>;
  std::vector<PinKeys::Key> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = std::min(line.find(' '), line.size());
    PinKeys::Key key{std::string(line.substr(0, space)), {}};
    if (!is_key_id(key.id) || !decode_base64(trimmed(line.substr(space)), key.secret)) {
      return Keys::bad("line " + std::to_string(number) +
                       ": is no key: an id of letters and digits, a space, 16 bytes in base64");
    }
    if (std::ranges::find(keys, key.id, &PinKeys::Key::id) != keys.end()) {
      return Keys::bad("line " + std::to_string(number) + ": '" + key.id + "' is there twice");
    }
    keys.push_back(std::move(key));
  }
  return keys.empty() ? Keys::bad("there is no key in it") : Keys::good(std::move(keys));
}

std::optional<SessionPin> SessionPin::read(std::string_view text, const PinKeys& keys,
                                           std::chrono::sys_seconds now) {
  if (text.size() > kLongest || text.size() < kMacText + 1) return std::nullopt;
  const std::string_view told = text.substr(text.size() - kMacText);
  const std::string_view signed_part = text.substr(0, text.size() - kMacText);
  std::string_view rest = signed_part;
  if (!take(rest, kForm) || !rest.ends_with('.')) return std::nullopt;
  rest.remove_suffix(1);
  const auto id = take_part(rest);
  const PinKeys::Prepared* key = id ? keys.find(*id) : nullptr;
  if (key == nullptr) return std::nullopt;
  const auto mac = text_of(key->mac_of(keys.context_, signed_part));
  if (CRYPTO_memcmp(mac.data(), told.data(), kMacText) != 0) return std::nullopt;
  // From here on it is what we wrote, and checked all the same.
  std::optional<std::string_view> minute = take_part(rest);
  const auto until = minute ? take_number(*minute) : std::nullopt;
  if (!until || !minute->empty()) return std::nullopt;
  const auto number = take_part(rest);
  SessionPin pin;
  const auto snapshot = take_part(rest);
  const auto page = take_part(rest);
  std::uint64_t second = 0;
  const bool has_id = number && read_number(*number, pin.session_.id) && snapshot &&
                      read_number(*snapshot, pin.session_.snapshot) && page &&
                      read_number(*page, second);
  pin.session_.page =
      std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(second)));
  pin.session_.until =
      std::chrono::sys_seconds(std::chrono::minutes(static_cast<std::int64_t>(*until)));
  if (!has_id || now >= pin.session_.until) return std::nullopt;
  pin.list_ = rest;
  std::size_t count = 0;
  while (!rest.empty()) {
    if (!is_pinned(take_pinned(rest)) || ++count > kMostVersions) return std::nullopt;
  }
  return pin;
}

std::string SessionPin::write(std::span<const PinnedVersion> versions, const PinKeys& keys,
                              const Session& session) {
  const PinKeys::Prepared& key = keys.keys_.front();
  const auto minute =
      std::chrono::ceil<std::chrono::minutes>(session.until.time_since_epoch()).count();
  std::string text = std::string(kForm) + key.id + '.' + std::to_string(minute) + '.' +
                     std::to_string(session.id) + '.' + std::to_string(session.snapshot) + '.' +
                     std::to_string(session.page.time_since_epoch().count()) + '.';
  for (const PinnedVersion& one : versions) {
    if (&one != versions.data()) text += '~';
    text.append(one.name).append("@").append(one.version);
  }
  text += '.';
  const auto mac = text_of(key.mac_of(keys.context_, text));
  text.append(mac.data(), mac.size());
  return text.size() <= kLongest ? text : std::string();
}

std::string_view SessionPin::version_of(std::string_view name) const {
  for (std::string_view rest = list_; !rest.empty();) {
    const PinnedVersion one = take_pinned(rest);
    if (one.name == name) return one.version;
  }
  return {};
}

std::vector<PinnedVersion> SessionPin::versions() const {
  std::vector<PinnedVersion> versions;
  for (std::string_view rest = list_; !rest.empty();) versions.push_back(take_pinned(rest));
  return versions;
}

} // namespace selvedge::bundle
