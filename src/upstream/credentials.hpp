// The keys that requests to an object store are signed with. They never appear in a log, an error
// or an answer.
#pragma once

#include <selvedge/base/clock.hpp>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace selvedge::upstream {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token; // of keys that expire; else empty

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// The lines of a credentials file: access key, secret key and, if there is one, session token.
// Empty lines and spaces around them do not count. Nothing when there are fewer or more lines, or
// one holds what cannot stand in a header field.
std::optional<Credentials> parse_credentials(std::string_view text);

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; nothing without the first two.
std::optional<Credentials> credentials_of_environment();

// Where the keys are now. A file may be replaced while the node runs: it is looked at again when
// keys are asked for, at most once a minute. The keys from before stay in use while it cannot be
// read or makes no sense.
// Thread: one worker. Looking at the file blocks it for one small read.
class CredentialSource {
public:
  static constexpr base::Seconds kLookAgain{60};

  // Without a file: those of the environment. Throws std::runtime_error that names the file when
  // it cannot be used.
  explicit CredentialSource(std::string file);

  // Null: there are none, and requests go unsigned.
  const Credentials* at(base::Steady now);

private:
  // What tells one version of a file from another.
  struct Version {
    ino_t inode = 0;
    off_t size = 0;
    std::timespec modified{};
    bool operator==(const Version& other) const;
  };
  void look_again();
  std::optional<Version> version() const;
  std::optional<Credentials> read() const;

  const std::string file_;
  std::optional<Credentials> current_;
  std::optional<Version> read_version_; // of current_
  std::optional<base::Steady> looked_at_;
};

} // namespace selvedge::upstream
