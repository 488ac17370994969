// The lines of a file, read as they are needed; one whose name ends in .gz goes through gzip.
// Thread: one.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace selvedge::bench {

class Lines {
public:
  // Throws std::runtime_error when it cannot be opened.
  explicit Lines(const std::string& path);
  ~Lines();
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // Without its end; valid until the next call. Nothing at the end of the file. Throws
  // std::runtime_error when what was read was not the whole file.
  std::optional<std::string_view> next();
  std::size_t number() const { return number_; } // of the line that next() gave, from 1

private:
  void finish();

  const std::string path_;
  std::FILE* file_ = nullptr;
  pid_t gzip_ = 0; // 0: none
  char* line_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t number_ = 0;
};

} // namespace selvedge::bench
