#include "lines.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace selvedge::bench {

namespace {

[[noreturn]] void refuse(const std::string& path, const char* why) {
  throw std::runtime_error(path + ": " + why);
}

// A gzip whose input is `compressed`; its output can be read from `output`.
struct Gunzip {
  pid_t pid;
  int output;
};

Gunzip start_gunzip(const std::string& path, int compressed) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) refuse(path, std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, compressed, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  char program[] = "gzip";
  char options[] = "-dc";
  char* arguments[] = {program, options, nullptr};
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, program, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    refuse(path, "gzip cannot be started");
  }
  return {pid, ends[0]};
}

} // namespace

Lines::Lines(const std::string& path) : path_(path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) refuse(path, std::strerror(errno));
  if (path.ends_with(".gz")) {
    const int compressed = descriptor;
    try {
      const Gunzip gunzip = start_gunzip(path, compressed);
      gzip_ = gunzip.pid;
      descriptor = gunzip.output;
    } catch (...) {
      close(compressed);
      throw;
    }
    close(compressed);
  }
  file_ = fdopen(descriptor, "r");
}

// One that was not read to its end stops gzip by closing the pipe.
Lines::~Lines() {
  std::free(line_);
  if (file_ != nullptr) std::fclose(file_);
  if (gzip_ != 0) waitpid(gzip_, nullptr, 0);
}

std::optional<std::string_view> Lines::next() {
  const ssize_t length = getline(&line_, &capacity_, file_);
  if (length < 0) {
    finish();
    return {};
  }
  ++number_;
  std::string_view line(line_, static_cast<std::size_t>(length));
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void Lines::finish() {
  if (std::ferror(file_) != 0) refuse(path_, "cannot be read");
  if (gzip_ == 0) return;
  int status = 0;
  waitpid(gzip_, &status, 0);
  gzip_ = 0;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) refuse(path_, "gzip cannot decompress it");
}

} // namespace selvedge::bench
