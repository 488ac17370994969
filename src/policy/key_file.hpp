// A file of keys and the state that it was read in. Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <sys/stat.h>

namespace selvedge::policy {

class KeyFile {
public:
  static constexpr std::size_t kBytes = 1 << 20; // at most

  // Throws std::runtime_error that names the file when there is nothing to read.
  explicit KeyFile(std::string path);

  const std::string& path() const { return path_; }
  // Throws std::runtime_error that says what is wrong with it.
  std::string read() const;
  // False also when it cannot be looked at: what was read goes on to work.
  bool has_changed() const;

private:
  struct Version {
    ino_t inode = 0;
    off_t size = 0;
    timespec modified{};
    bool operator==(const Version& other) const;
  };
  std::optional<Version> version() const;

  std::string path_;
  std::optional<Version> version_; // as before it was read, so that no change is missed
};

} // namespace selvedge::policy
