#include <selvedge/server/server.hpp>

#include "access_log.hpp"
#include "admin.hpp"
#include "privileges.hpp"
#include "successor.hpp"

#include <selvedge/base/file_text.hpp>
#include <selvedge/config/load.hpp>
#include <selvedge/server/node.hpp>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace selvedge::server {

namespace {

constexpr std::chrono::milliseconds kDrainLook{20};
constexpr std::chrono::seconds kKeyLook{5}; // at the policy's key files and the tickets' age

void open_event_log(const config::LogOptions& options) {
  try {
    auto log =
        options.events.empty()
            ? std::make_shared<spdlog::logger>("selvedge",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())
            : std::make_shared<spdlog::logger>(
                  "selvedge", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.events));
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(log));
  } catch (const spdlog::spdlog_ex&) {
    throw std::runtime_error("cannot open event log '" + options.events +
                             "': " + std::strerror(errno));
  }
}

void set_level(config::LogLevel level) {
  switch (level) {
  case config::LogLevel::debug:
    return spdlog::set_level(spdlog::level::debug);
  case config::LogLevel::info:
    return spdlog::set_level(spdlog::level::info);
  case config::LogLevel::warn:
    return spdlog::set_level(spdlog::level::warn);
  case config::LogLevel::error:
    return spdlog::set_level(spdlog::level::err);
  }
}

std::string read_token(const std::string& path) {
  if (path.empty()) return {};
  auto token = base::first_line(path);
  if (!token) {
    throw std::runtime_error("cannot read a token from '" + path + "': " + token.error().message());
  }
  return std::move(*token);
}

// sd_notify(3): one datagram to the socket that systemd names.
void tell_supervisor(const char* state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || path[0] == '\0') return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  // One that does not read holds nobody up for longer.
  const timeval most{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  ::sendto(socket, state, std::strlen(state), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), length);
  ::close(socket);
}

} // namespace

class Server::State {
public:
  State(const config::Config& config, ServerOptions options)
      : options_(std::move(options)), logs_((open_event_log(config.logs), config.logs)),
        token_(read_token(config.admin.token_file)), command_(own_command()),
        handed_(net::HandedSockets::from_environment()), node_(config, &*handed_),
        admin_workers_(1, clock_), admin_connections_(admin_workers_), io_(1), signals_(io_),
        look_(io_), key_look_(io_), successor_(io_) {
    // OpenSSL writes to sockets with write(2): a client that has gone must not end the process.
    std::signal(SIGPIPE, SIG_IGN);
    set_level(config.logs.level);
    AdminHooks hooks;
    hooks.reload_state = [this] { return reload_state(); };
    hooks.drain = [this] { boost::asio::post(io_, [this] { drain(); }); };
    hooks.change_config = [this](const MakeConfig& make) {
      const std::lock_guard lock(change_mutex_);
      const auto current = node_.config();
      const config::Config fresh = make(*current);
      node_.apply(fresh);
      return AppliedChange{node_.generation(), config::differences(*current, fresh)};
    };
    hooks.version = options_.version;
    hooks.token = token_;
    admin_ = std::make_unique<AdminHandler>(node_, std::move(hooks));
    if (!config.admin.enabled) return;
    admin_acceptor_ = std::make_unique<downstream::Acceptor>(
        admin_connections_, "admin", std::vector<downstream::RequestHandler*>{admin_.get()});
    net::ListenerOptions listener;
    listener.name = "admin";
    listener.address = config.admin.address;
    admin_listener_ = std::make_unique<net::Listener>(
        listener, std::vector<net::Worker*>{&admin_workers_[0]}, *admin_acceptor_, nullptr,
        handed_->take(listener.name, listener.address));
  }

  ~State() {
    admin_workers_.stop_and_join();
    node_.stop();
  }

  std::vector<BoundListener> listeners() const {
    std::vector<BoundListener> all;
    for (const auto& one : node_.listeners()) {
      all.push_back({one->name(), one->address(), one->is_tls()});
    }
    return all;
  }
  std::string admin_address() const { return admin_listener_ ? admin_listener_->address() : ""; }

  void run() {
    handed_.reset(); // closes what is not configured any more
    for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGTERM, SIGINT}) {
      signals_.add(signal);
    }
    wait_for_signal();
    look_at_file_limit();
    const config::LogOptions& logs = logs_;
    become(node_.config()->run_as, {logs.events, logs.access});
    node_.start();
    if (admin_listener_) {
      admin_listener_->start();
      admin_workers_.start();
    }
    for (const BoundListener& one : listeners()) {
      spdlog::info("listening on {} ({}{})", one.address, one.name, one.is_tls ? ", TLS" : "");
    }
    if (admin_listener_) spdlog::info("admin API on {}", admin_listener_->address());
    write_ready_file();
    // In this order: a supervisor that sees the process before end must know of this one.
    tell_supervisor(fmt::format("READY=1\nMAINPID={}", ::getpid()).c_str());
    if (tell_predecessor()) spdlog::info("serving in place of the process before");
    look_at_keys();
    io_.run();
    if (!is_succeeded_) tell_supervisor("STOPPING=1");
    admin_workers_.stop_and_join();
    node_.stop();
    spdlog::info("stopped");
  }

private:
  ReloadState reload_state() {
    const std::lock_guard lock(mutex_);
    return reload_state_;
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      switch (signal) {
      case SIGHUP:
        reload();
        break;
      case SIGUSR1:
        reopen_logs();
        break;
      case SIGUSR2:
        begin_upgrade();
        break;
      case SIGQUIT:
        drain();
        break;
      default:
        spdlog::info("stopping at once");
        io_.stop();
        return;
      }
      wait_for_signal();
    });
  }

  void look_at_keys() {
    key_look_.expires_after(kKeyLook);
    key_look_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      node_.rotate_ticket_keys();
      try {
        const std::lock_guard lock(change_mutex_);
        if (node_.refresh_keys()) spdlog::info("policy: key files read again");
        has_bad_keys_ = false;
      } catch (const std::exception& problem) {
        // Said once: it is tried again every few seconds.
        if (!has_bad_keys_) spdlog::error("policy: the old keys stay in force: {}", problem.what());
        has_bad_keys_ = true;
      }
      look_at_keys();
    });
  }

  void reload() {
    bool done = false;
    try {
      if (!options_.reload) throw std::runtime_error("this node has no configuration file");
      const config::Config fresh = options_.reload();
      const std::lock_guard lock(change_mutex_);
      const auto current = node_.config();
      const std::vector<std::string> changes = config::differences(*current, fresh);
      node_.apply(fresh);
      set_level(fresh.logs.level);
      for (const std::string& warning : fresh.warnings) spdlog::warn("{}", warning);
      for (const std::string& change : changes) spdlog::info("reload: {}", change);
      spdlog::info("reloaded: generation {}, {} changes", node_.generation(), changes.size());
      done = true;
    } catch (const std::exception& error) {
      spdlog::error("reload refused, the old configuration stays in force: {}", error.what());
    }
    const std::lock_guard lock(mutex_);
    reload_state_ = {done,
                     std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
  }

  void reopen_logs() {
    node_.reopen_logs();
    try {
      open_event_log(logs_);
      set_level(node_.config()->logs.level);
      spdlog::info("logs reopened");
    } catch (const std::exception& error) {
      spdlog::error("{}", error.what());
    }
  }

  // Another process of this program takes over the sockets; then this one drains.
  void begin_upgrade() {
    if (successor_.is_starting() || node_.is_draining()) return;
    if (::getpid() == 1) {
      return spdlog::error("upgrade refused: process 1 cannot end before its successor");
    }
    std::vector<net::HandedListener> sockets;
    for (const auto& listener : node_.listeners()) sockets.push_back(listener->handed());
    if (admin_listener_) sockets.push_back(admin_listener_->handed());
    try {
      successor_.start(command_, sockets, [this](const std::string& problem) {
        if (!problem.empty())
          return spdlog::error("upgrade failed, this process goes on: {}", problem);
        spdlog::info("upgrade: process {} serves", successor_.pid());
        is_succeeded_ = true;
        if (admin_listener_) {
          admin_listener_->stop(admin_workers_, net::Listener::Queue::is_left);
          admin_connections_.begin_drain();
        }
        drain();
      });
      spdlog::info("upgrade: process {} starts", successor_.pid());
    } catch (const std::exception& error) {
      spdlog::error("upgrade failed, this process goes on: {}", error.what());
    }
  }

  // A connection needs a descriptor, and often one to an origin; logs, sockets and files a few.
  void look_at_file_limit() {
    constexpr std::uint64_t kOthers = 1024;
    const std::uint64_t connections = node_.config()->limits.connections;
    const std::uint64_t limit = raise_file_limit(2 * connections + kOthers);
    if (limit >= connections + kOthers) return;
    spdlog::warn("the limit of open files is {}, too low for limits.connections: {}", limit,
                 connections);
  }

  void drain() {
    if (node_.is_draining()) return;
    successor_.stop(); // an end is asked for, not another process
    const auto deadline = node_.config()->drain.deadline;
    spdlog::info("draining: {} connections, at most {} ms", node_.open_connections(),
                 deadline.count());
    if (!is_succeeded_) tell_supervisor("STOPPING=1");
    drain_ends_ = std::chrono::steady_clock::now() + deadline;
    node_.begin_drain(is_succeeded_);
    look_later();
  }

  void look_whether_drained() {
    const bool is_late = std::chrono::steady_clock::now() >= drain_ends_;
    if (node_.open_connections() == 0 || is_late) {
      if (is_late) spdlog::warn("drain: {} connections cut off", node_.open_connections());
      io_.stop();
      return;
    }
    look_later();
  }

  void look_later() {
    look_.expires_after(kDrainLook);
    look_.async_wait([this](const boost::system::error_code& error) {
      if (!error) look_whether_drained();
    });
  }

  void write_ready_file() {
    if (options_.ready_file.empty()) return;
    nlohmann::json ready{{"pid", ::getpid()}, {"listeners", nlohmann::json::object()}};
    for (const BoundListener& one : listeners()) ready["listeners"][one.name] = one.address;
    ready["admin"] = admin_listener_ ? nlohmann::json(admin_address()) : nlohmann::json();
    const std::string fresh = options_.ready_file + ".new";
    std::ofstream(fresh) << ready.dump() << "\n";
    if (std::rename(fresh.c_str(), options_.ready_file.c_str()) != 0) {
      spdlog::error("cannot write '{}': {}", options_.ready_file, std::strerror(errno));
    }
  }

  const ServerOptions options_;
  const config::LogOptions logs_;
  const std::string token_;
  const std::vector<std::string> command_; // that started this process
  std::optional<net::HandedSockets> handed_;
  base::SystemClock clock_;
  Node node_;
  net::WorkerPool admin_workers_;
  std::unique_ptr<AdminHandler> admin_;
  downstream::Connections admin_connections_;
  std::unique_ptr<downstream::Acceptor> admin_acceptor_;
  std::unique_ptr<net::Listener> admin_listener_;
  boost::asio::io_context io_; // of the main thread: signals
  boost::asio::signal_set signals_;
  boost::asio::steady_timer look_;
  boost::asio::steady_timer key_look_;
  Successor successor_;
  bool is_succeeded_ = false; // another process serves on the sockets of this one
  bool has_bad_keys_ = false;
  std::chrono::steady_clock::time_point drain_ends_{};
  std::mutex change_mutex_; // held from reading the configuration to applying another
  std::mutex mutex_;        // guards reload_state_
  ReloadState reload_state_;
};

Server::Server(const config::Config& config, ServerOptions options)
    : state_(std::make_unique<State>(config, std::move(options))) {}

Server::~Server() = default;

std::vector<BoundListener> Server::listeners() const {
  return state_->listeners();
}
std::string Server::admin_address() const {
  return state_->admin_address();
}
void Server::run() {
  state_->run();
}

} // namespace selvedge::server
