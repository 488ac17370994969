#include "successor.hpp"

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace selvedge::server {

namespace {

constexpr const char* kReadyVariable = "SELVEDGE_READY"; // a descriptor
constexpr char kServes = '1';
constexpr int kFirst = 3; // the first descriptor behind the standard ones

[[noreturn]] void throw_error(const char* what, int error) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(error));
}

// Copies of descriptors that lie behind those that the new process gets, closed in the end.
class Copies {
public:
  explicit Copies(int least) : least_(least) {}
  ~Copies() {
    for (const int one : all_) ::close(one);
  }
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
  void add(int descriptor) {
    const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, least_);
    if (copy < 0) throw_error("no descriptor", errno);
    all_.push_back(copy);
  }
  const std::vector<int>& all() const { return all_; }

private:
  int least_;
  std::vector<int> all_;
};

// What the new process starts with: copies as its descriptors from kFirst on, and nothing else.
class SpawnActions {
public:
  explicit SpawnActions(const std::vector<int>& copies) {
    posix_spawn_file_actions_init(&actions_);
    int target = kFirst;
    for (const int copy : copies) posix_spawn_file_actions_adddup2(&actions_, copy, target++);
    posix_spawn_file_actions_addclosefrom_np(&actions_, target);
  }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
  posix_spawn_file_actions_t actions_{};
};

std::vector<std::string> environment(const std::string& sockets, int ready) {
  std::vector<std::string> all;
  for (char** one = environ; *one != nullptr; ++one) all.emplace_back(*one);
  all.push_back(std::string(net::HandedSockets::kVariable) + "=" + sockets);
  all.push_back(std::string(kReadyVariable) + "=" + std::to_string(ready));
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& one : texts) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  return pointers;
}

// As the new process will know them: numbered from kFirst on.
std::vector<net::HandedListener> renumbered(std::vector<net::HandedListener> sockets) {
  int next = kFirst;
  for (net::HandedListener& one : sockets) {
    for (int& descriptor : one.descriptors) descriptor = next++;
  }
  return sockets;
}

pid_t spawn(std::vector<std::string> command, const std::vector<net::HandedListener>& sockets,
            int ready) {
  std::size_t count = 1;
  for (const net::HandedListener& one : sockets) count += one.descriptors.size();
  Copies copies(kFirst + static_cast<int>(count));
  for (const net::HandedListener& one : sockets) {
    for (const int descriptor : one.descriptors) copies.add(descriptor);
  }
  copies.add(ready);
  const SpawnActions actions(copies.all());
  std::vector<std::string> variables =
      environment(text_of(renumbered(sockets)), kFirst + static_cast<int>(count) - 1);
  pid_t pid = 0;
  const std::string path = command.front();
  const int error = ::posix_spawn(&pid, path.c_str(), actions.get(), nullptr,
                                  pointers_to(command).data(), pointers_to(variables).data());
  if (error != 0) throw_error(("cannot start " + path).c_str(), error);
  return pid;
}

std::string ending_of(int status) {
  if (WIFEXITED(status)) return "it ended with exit code " + std::to_string(WEXITSTATUS(status));
  return "it was ended by signal " + std::to_string(WTERMSIG(status));
}

} // namespace

void Successor::start(const std::vector<std::string>& command,
                      const std::vector<net::HandedListener>& sockets,
                      std::function<void(const std::string&)> done) {
  if (command.empty()) throw std::runtime_error("it is not known how this program was started");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_error("no pipe", errno);
  pipe_.assign(ends[0]);
  try {
    pid_ = spawn(command, sockets, ends[1]);
  } catch (...) {
    ::close(ends[1]);
    pipe_.close();
    throw;
  }
  ::close(ends[1]);
  done_ = std::move(done);
  is_starting_ = true;
  late_.expires_after(kStartTime);
  late_.async_wait([this, pid = pid_](const boost::system::error_code& stopped) {
    if (!stopped && is_starting_ && pid == pid_) fail("it was not ready in time");
  });
  read_word();
}

Successor::~Successor() {
  stop();
}

void Successor::stop() {
  if (!is_starting_) return;
  is_starting_ = false;
  late_.cancel();
  pipe_.close();
  ::kill(pid_, SIGTERM);
}

void Successor::read_word() {
  pipe_.async_read_some(
      boost::asio::buffer(&word_, 1),
      [this, pid = pid_](const boost::system::error_code& error, std::size_t size) {
        if (!is_starting_ || pid != pid_) return;
        if (!error && size == 1 && word_ == kServes) return end("");
        fail("");
      });
}

// Without a reason of ours it has ended by itself, or is about to.
void Successor::fail(const std::string& why) {
  if (!why.empty()) ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  end(why.empty() ? ending_of(status) : why);
}

void Successor::end(const std::string& problem) {
  is_starting_ = false;
  late_.cancel();
  pipe_.close();
  const auto done = std::exchange(done_, nullptr);
  done(problem);
}

bool tell_predecessor() {
  const char* text = std::getenv(kReadyVariable);
  if (text == nullptr) return false;
  int descriptor = -1;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), descriptor);
  const bool is_number = error == std::errc{} && *end == '\0' && descriptor >= kFirst;
  ::unsetenv(kReadyVariable);
  if (!is_number) return false;
  const bool is_told = ::write(descriptor, &kServes, 1) == 1;
  ::close(descriptor);
  return is_told;
}

std::vector<std::string> own_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> command;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    command.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (command.empty()) return {};
  // By the name it was started by: behind a symbolic link there may be a newer program by now.
  if (command.front().find('/') != std::string::npos) {
    command.front() = std::filesystem::absolute(command.front()).string();
    return command;
  }
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0 || static_cast<std::size_t>(size) == sizeof path) return {};
  command.front().assign(path, static_cast<std::size_t>(size));
  return command;
}

} // namespace selvedge::server
