// Listening sockets that a process hands to the one that takes its place: the same sockets, so that
// no connection is refused and none that waits in their queues is lost. They are told in an
// environment variable, one listener a line: "NAME ADDRESS FD,FD".
// Thread: the one that starts the program.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvedge::net {

struct HandedListener {
  std::string name;
  std::string address; // as configured: its port may be 0
  std::vector<int> descriptors;
};

// Lines as above. Throws std::runtime_error for anything else.
std::vector<HandedListener> parse_handed(std::string_view text);
std::string text_of(const std::vector<HandedListener>& listeners);

class HandedSockets {
public:
  static constexpr const char* kVariable = "SELVEDGE_SOCKETS";

  HandedSockets() = default; // none
  // Takes them over, and forgets the variable: what this process starts does not have them. Throws
  // std::runtime_error when the variable is malformed or names no listening sockets.
  static HandedSockets from_environment();
  explicit HandedSockets(std::vector<HandedListener> listeners) : left_(std::move(listeners)) {}
  HandedSockets(HandedSockets&& other) noexcept : left_(std::exchange(other.left_, {})) {}
  HandedSockets& operator=(HandedSockets&&) = delete;
  // Closes what nobody has taken: addresses that are not in the configuration any more.
  ~HandedSockets();

  // The sockets of a listener, for who will close them; none where there are none. An address with
  // a port is enough to know one by; without, it has the same name, too.
  std::vector<int> take(std::string_view name, std::string_view address);

private:
  std::vector<HandedListener> left_;
};

} // namespace selvedge::net
