// A file of credentials that lives as long as a test. Thread: one.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

namespace selvedge::test {

class KeyFile {
public:
  explicit KeyFile(std::string_view text) { write(text); }
  ~KeyFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  // Another file in its place, as those who rotate keys do.
  void write(std::string_view text) const {
    const std::filesystem::path next = path_.string() + ".new";
    std::ofstream(next, std::ios::binary) << text;
    std::filesystem::rename(next, path_);
  }
  void remove() const { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

private:
  static std::string fresh_name() {
    static int count = 0;
    return "selvedge-keys-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  const std::filesystem::path path_ = std::filesystem::temp_directory_path() / fresh_name();
};

} // namespace selvedge::test
