#include <selvedge/net/handed_sockets.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace selvedge::net {

namespace {

// What stands before the next `end`, which is taken, too.
std::string_view take_part(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

int descriptor_of(std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_good = error == std::errc{} && end == text.data() + text.size() && number >= 0;
  if (!is_good) throw std::runtime_error("'" + std::string(text) + "' is no descriptor");
  return number;
}

bool has_port(std::string_view address) {
  return !address.ends_with(":0");
}

void check_listening(int descriptor) {
  int listens = 0;
  socklen_t size = sizeof listens;
  const bool is_one =
      ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
  if (!is_one) {
    throw std::runtime_error("descriptor " + std::to_string(descriptor) +
                             " is no socket that listens");
  }
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

} // namespace

std::vector<HandedListener> parse_handed(std::string_view text) {
  std::vector<HandedListener> listeners;
  while (!text.empty()) {
    std::string_view line = take_part(text, '\n');
    HandedListener one;
    one.name = take_part(line, ' ');
    one.address = take_part(line, ' ');
    while (!line.empty()) one.descriptors.push_back(descriptor_of(take_part(line, ',')));
    if (one.name.empty() || one.address.empty() || one.descriptors.empty()) {
      throw std::runtime_error("a line is not NAME ADDRESS FD,...");
    }
    listeners.push_back(std::move(one));
  }
  return listeners;
}

std::string text_of(const std::vector<HandedListener>& listeners) {
  std::string text;
  for (const HandedListener& one : listeners) {
    text.append(one.name).append(" ").append(one.address).append(" ");
    for (const int descriptor : one.descriptors) text += std::to_string(descriptor) + ',';
    text.back() = '\n';
  }
  return text;
}

HandedSockets HandedSockets::from_environment() {
  const char* text = std::getenv(kVariable);
  if (text == nullptr) return {};
  try {
    std::vector<HandedListener> listeners = parse_handed(text);
    ::unsetenv(kVariable);
    for (const HandedListener& one : listeners) {
      for (const int descriptor : one.descriptors) check_listening(descriptor);
    }
    return HandedSockets(std::move(listeners));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string(kVariable) + ": " + error.what());
  }
}

HandedSockets::~HandedSockets() {
  for (const HandedListener& one : left_) {
    for (const int descriptor : one.descriptors) ::close(descriptor);
  }
}

std::vector<int> HandedSockets::take(std::string_view name, std::string_view address) {
  for (auto one = left_.begin(); one != left_.end(); ++one) {
    if (one->address != address || (!has_port(address) && one->name != name)) continue;
    std::vector<int> taken = std::move(one->descriptors);
    left_.erase(one);
    return taken;
  }
  return {};
}

} // namespace selvedge::net
