#include "key_file.hpp"

#include <selvedge/base/file_text.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace selvedge::policy {

bool KeyFile::Version::operator==(const Version& other) const {
  return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
         modified.tv_nsec == other.modified.tv_nsec;
}

KeyFile::KeyFile(std::string path) : path_(std::move(path)), version_(version()) {
  if (!version_) throw std::runtime_error(fmt::format("cannot find key file '{}'", path_));
}

std::string KeyFile::read() const {
  boost::system::result<std::string> text = base::file_text(path_, kBytes + 1);
  if (!text) throw std::runtime_error("cannot be read");
  if (text->size() > kBytes) {
    throw std::runtime_error(fmt::format("has more than {} bytes", kBytes));
  }
  return *std::move(text);
}

bool KeyFile::has_changed() const {
  const std::optional<Version> found = version();
  return found && found != version_;
}

std::optional<KeyFile::Version> KeyFile::version() const {
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  return Version{about.st_ino, about.st_size, about.st_mtim};
}

} // namespace selvedge::policy
