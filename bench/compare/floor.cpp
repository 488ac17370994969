// The floor of a cache hit over HTTP/1.1: one recv, one sendmsg, and nothing else. No request is
// understood; each blank line is answered with the same bytes. What a server costs beyond this is
// its own.
//
//   selvedge_floor FILE...    listens on a free loopback port for each file, prints the ports, one
//                             a line, and answers every request on that port with that file
//
// One thread, one epoll loop. It ends by a signal.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr std::string_view kEndOfRequest = "\r\n\r\n";

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(EXIT_FAILURE);
}

struct Answer {
  std::string head;
  std::string content;

  [[nodiscard]] std::size_t size() const { return head.size() + content.size(); }
};

// What an epoll event points at: a listener of an answer, or a connection to it.
struct Socket {
  int descriptor = -1;
  bool is_listener = false;
  const Answer* answer = nullptr;
  std::size_t matched = 0; // bytes of kEndOfRequest that the last input ended with
  std::size_t owed = 0;    // answers not begun
  std::size_t sent = 0;    // bytes of the answer under way
};

Answer read_answer(const char* file) {
  std::ifstream input(file, std::ios::binary);
  if (!input) fail(file);
  std::string content{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  // As many fields as a server of files sends.
  std::string head = "HTTP/1.1 200 OK\r\n"
                     "Server: floor\r\n"
                     "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                     "Content-Type: text/plain\r\n"
                     "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                     "ETag: \"5e2ea3d4-400\"\r\n"
                     "Cache-Control: public, max-age=3600\r\n"
                     "Content-Length: " +
                     std::to_string(content.size()) + "\r\n\r\n";
  return {std::move(head), std::move(content)};
}

// The number of requests that end in this input.
std::size_t count_requests(Socket& socket, std::string_view input) {
  std::size_t requests = 0;
  for (const char byte : input) {
    if (byte == kEndOfRequest[socket.matched]) {
      if (++socket.matched < kEndOfRequest.size()) continue;
      ++requests;
      socket.matched = 0;
    } else {
      socket.matched = byte == kEndOfRequest[0] ? 1 : 0;
    }
  }
  return requests;
}

// False: the connection is over.
bool send_owed(Socket& socket) {
  const Answer& answer = *socket.answer;
  while (socket.owed > 0) {
    // sendmsg does not write through its pointers; their type is C's.
    std::array<iovec, 2> pieces{};
    std::size_t count = 0;
    std::size_t content_sent = 0;
    if (socket.sent < answer.head.size()) {
      pieces[count++] = {const_cast<char*>(answer.head.data()) + socket.sent,
                         answer.head.size() - socket.sent};
    } else {
      content_sent = socket.sent - answer.head.size();
    }
    pieces[count++] = {const_cast<char*>(answer.content.data()) + content_sent,
                       answer.content.size() - content_sent};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t written = sendmsg(socket.descriptor, &message, MSG_NOSIGNAL);
    if (written < 0) return errno == EAGAIN; // an edge of EPOLLOUT continues
    socket.sent += static_cast<std::size_t>(written);
    if (socket.sent < answer.size()) return true;
    socket.sent = 0;
    --socket.owed;
  }
  return true;
}

// False: the connection is over. Input that fills the buffer may go on: edges come once.
bool receive_and_send(Socket& socket, unsigned events) {
  static std::array<char, 16384> input;
  bool goes_on = (events & EPOLLIN) != 0;
  while (goes_on) {
    const ssize_t received = recv(socket.descriptor, input.data(), input.size(), 0);
    if (received == 0) return false;
    if (received < 0) return errno == EAGAIN;
    goes_on = static_cast<std::size_t>(received) == input.size();
    socket.owed += count_requests(socket, {input.data(), static_cast<std::size_t>(received)});
  }
  return send_owed(socket);
}

void watch(int epoll, Socket& socket, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &socket;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket.descriptor, &event) != 0) fail("epoll_ctl");
}

void accept_one(int epoll, const Socket& listener) {
  const int descriptor = accept4(listener.descriptor, nullptr, nullptr, SOCK_NONBLOCK);
  if (descriptor < 0) return;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto connection = std::make_unique<Socket>();
  connection->descriptor = descriptor;
  connection->answer = listener.answer;
  watch(epoll, *connection.release(), EPOLLIN | EPOLLOUT | EPOLLET); // until it is over: see run()
}

// A listener on a free loopback port; prints the port.
int listen_on_free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (descriptor < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(descriptor, generic, size) != 0) fail("bind");
  if (listen(descriptor, 1024) != 0) fail("listen");
  if (getsockname(descriptor, generic, &size) != 0) fail("getsockname");
  std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  return descriptor;
}

void run(int epoll) {
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      auto* socket = static_cast<Socket*>(event.data.ptr);
      if (socket->is_listener) {
        accept_one(epoll, *socket);
      } else if (!receive_and_send(*socket, event.events)) {
        const std::unique_ptr<Socket> over(socket);
        close(over->descriptor);
      }
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: selvedge_floor FILE...\n", stderr);
    return EXIT_FAILURE;
  }
  const int epoll = epoll_create1(0);
  if (epoll < 0) fail("epoll_create1");
  const std::vector<const char*> files(argv + 1, argv + argc);
  std::vector<std::unique_ptr<Answer>> answers;
  std::vector<std::unique_ptr<Socket>> listeners;
  for (const char* file : files) {
    answers.push_back(std::make_unique<Answer>(read_answer(file)));
    listeners.push_back(std::make_unique<Socket>());
    Socket& listener = *listeners.back();
    listener.is_listener = true;
    listener.answer = answers.back().get();
    listener.descriptor = listen_on_free_port();
    watch(epoll, listener, EPOLLIN);
  }
  std::fflush(stdout);
  run(epoll);
}
