#include "credentials.hpp"

#include <selvedge/base/file_text.hpp>
#include <selvedge/http/field.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace selvedge::upstream {

namespace {

constexpr std::size_t kFileBytes = 16384; // session tokens have a few kilobytes at most

bool is_visible(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::optional<Credentials> made_from(std::string_view access_key, std::string_view secret_key,
                                     std::string_view session_token) {
  if (!is_visible(access_key) || !is_visible(secret_key)) return {};
  if (!session_token.empty() && !is_visible(session_token)) return {};
  return Credentials{std::string(access_key), std::string(secret_key), std::string(session_token)};
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::string_view(value) : std::string_view();
}

} // namespace

std::optional<Credentials> parse_credentials(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view content = http::trim(line);
    if (!content.empty()) lines.push_back(content);
  }
  if (lines.size() < 2 || lines.size() > 3) return {};
  return made_from(lines[0], lines[1], lines.size() == 3 ? lines[2] : std::string_view());
}

std::optional<Credentials> credentials_of_environment() {
  return made_from(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
                   variable("AWS_SESSION_TOKEN"));
}

bool CredentialSource::Version::operator==(const Version& other) const {
  return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
         modified.tv_nsec == other.modified.tv_nsec;
}

CredentialSource::CredentialSource(std::string file) : file_(std::move(file)) {
  if (file_.empty()) {
    current_ = credentials_of_environment();
    return;
  }
  read_version_ = version();
  if (!read_version_) {
    throw std::runtime_error(fmt::format("cannot find credentials file '{}'", file_));
  }
  current_ = read();
  if (!current_) {
    throw std::runtime_error(fmt::format("credentials file '{}': cannot read two or three lines: "
                                         "access key, secret key, session token",
                                         file_));
  }
}

const Credentials* CredentialSource::at(base::Steady now) {
  const bool is_due = !looked_at_ || now - *looked_at_ >= kLookAgain;
  if (!file_.empty() && is_due) {
    looked_at_ = now;
    look_again();
  }
  return current_ ? &*current_ : nullptr;
}

void CredentialSource::look_again() {
  const std::optional<Version> found = version();
  if (!found || found == read_version_) return;
  std::optional<Credentials> fresh = read();
  if (!fresh) return; // half of it is written, perhaps: the next look will tell
  current_ = std::move(fresh);
  read_version_ = found;
}

std::optional<CredentialSource::Version> CredentialSource::version() const {
  struct stat about {};
  if (::stat(file_.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  return Version{about.st_ino, about.st_size, about.st_mtim};
}

std::optional<Credentials> CredentialSource::read() const {
  const boost::system::result<std::string> text = base::file_text(file_, kFileBytes + 1);
  return text && text->size() <= kFileBytes ? parse_credentials(*text) : std::nullopt;
}

} // namespace selvedge::upstream
