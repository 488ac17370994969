#include "commands.hpp"

#include <selvedge/config/load.hpp>
#include <selvedge/net/listener.hpp>
#include <selvedge/server/node.hpp>
#include <selvedge/server/server.hpp>

#include <csignal>
#include <iostream>

namespace selvedge::cli {

namespace {

// Runs `action` and turns what it throws into a message and an exit code.
template <typename Action> int guarded(Action action) {
  try {
    action();
    return kDone;
  } catch (const net::BindError& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kCannotBind;
  } catch (const config::ConfigError& error) {
    std::cerr << error.what() << "\n";
    return kBadConfiguration;
  } catch (const std::runtime_error& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kBadConfiguration;
  }
}

// Warnings of a policy are shown and stop nobody.
config::Config load_aloud(const std::string& path) {
  config::Config config = config::load(path);
  for (const std::string& warning : config.warnings) std::cerr << warning << "\n";
  return config;
}

} // namespace

int run(const RunOptions& options) {
  // Until they have a meaning: a rotation of logs must not end who is only starting.
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2}) std::signal(signal, SIG_IGN);
  return guarded([&] {
    server::ServerOptions server_options;
    server_options.version = SELVEDGE_VERSION;
    server_options.ready_file = options.ready_file;
    server_options.reload = [path = options.config] { return config::load(path); };
    server::Server server(load_aloud(options.config), std::move(server_options));
    server.run();
  });
}

int check(const std::string& path) {
  const int code = guarded([&] { server::check(load_aloud(path)); });
  if (code == kDone) std::cout << path << ": good\n";
  return code == kCannotBind ? kBadConfiguration : code;
}

int show_config(const std::string& path, ConfigView view) {
  return guarded([&] {
    if (view == ConfigView::schema) {
      std::cout << config::json_schema() << "\n";
    } else if (view == ConfigView::reference) {
      std::cout << config::reference();
    } else {
      if (path.empty()) throw std::runtime_error("config needs -c, --schema or --reference");
      std::cout << config::to_yaml(config::load(path));
    }
  });
}

} // namespace selvedge::cli
