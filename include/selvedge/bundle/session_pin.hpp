// A session keeps the versions that it began with: they are written into a text that the client
// brings back, in a cookie or a field, so that the node keeps nothing. The text is signed: who
// changes it is a session without one.
//
//   2.KEY.MINUTE.ID.SNAPSHOT.PAGE.acme-ui@2.3.1~@acme/tokens@1.4.0.MAC
//
// KEY names the key, MINUTE since 1970 is when it ends, ID is a random number that tells sessions
// apart where they are counted, SNAPSHOT is what was released when it began (0: nothing), PAGE is
// the second since 1970 in which its last page began, where that matters (else 0), and the versions
// are those that no release spoke of. MAC is SipHash-2-4 with 128 bits over all before it and the
// context (Aumasson and Bernstein, 2012), in base64url. All of it may stand in a cookie as it is
// (RFC 6265, 4.1.1). Thread: any.
#pragma once

#include <selvedge/bundle/parsed.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct evp_mac_ctx_st;

namespace selvedge::bundle {

struct PinnedVersion {
  std::string_view name; // of a bundle; "NAME:CHANNEL" for one of its channels
  std::string_view version;

  friend bool operator==(const PinnedVersion&, const PinnedVersion&) = default;
};

// Which keys sign and which are believed. One thread each: it holds what computing takes.
class PinKeys {
public:
  static constexpr std::size_t kSecret = 16; // bytes
  struct Key {
    std::string id; // of letters and digits, at most 8
    std::array<unsigned char, kSecret> secret;
  };
  // The first one signs; the others are those of before, whose pins are still about. Pins of one
  // context are nothing in another. Throws std::runtime_error when there is no key, or an id is not
  // as above.
  explicit PinKeys(const std::vector<Key>& keys, std::string context = {});
  ~PinKeys();
  PinKeys(PinKeys&&) noexcept;

private:
  friend class SessionPin;
  struct Prepared;
  const Prepared* find(std::string_view id) const;
  std::vector<Prepared> keys_;
  std::string context_;
};

// Lines of an id and 16 bytes in base64: "k1 BsCXNGmw0iYl4FhWOi0jDA==". The first signs. Lines that
// begin with '#' say nothing.
Parsed<std::vector<PinKeys::Key>> parse_pin_keys(std::string_view text);

class SessionPin {
public:
  static constexpr std::size_t kMostVersions = 32;
  static constexpr std::size_t kLongest = 2048; // characters

  // Nothing for what is forged, changed, too long, of a key that is not known, or over. Allocates
  // nothing; the views are into `text`.
  static std::optional<SessionPin> read(std::string_view text, const PinKeys& keys,
                                        std::chrono::sys_seconds now);
  struct Session {
    std::uint64_t id = 0;
    std::chrono::sys_seconds until{};
    std::uint64_t snapshot = 0; // Snapshot::print()
    std::chrono::sys_seconds page{};
  };
  // Requires: at most kMostVersions names of bundles and exact versions. Empty when the text would
  // be too long.
  static std::string write(std::span<const PinnedVersion> versions, const PinKeys& keys,
                           const Session& session);

  // Empty: none was pinned.
  std::string_view version_of(std::string_view name) const;
  std::vector<PinnedVersion> versions() const;
  bool has_versions() const { return !list_.empty(); }
  const Session& session() const { return session_; }

private:
  std::string_view list_; // was checked
  Session session_;
};

} // namespace selvedge::bundle
