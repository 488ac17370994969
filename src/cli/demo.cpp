#include "commands.hpp"

#include <selvedge/config/config.hpp>
#include <selvedge/net/tls_context.hpp>
#include <selvedge/server/server.hpp>

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace selvedge::cli {

namespace {

namespace fs = std::filesystem;

// A directory that goes with the program.
class TemporaryDirectory {
public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "selvedge-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("cannot make a temporary directory");
    }
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

private:
  fs::path path_;
};

std::string write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  return path.string();
}

// The bundles that come with the program: beside it where it was installed or built.
std::string find_bundles(const std::string& asked_for) {
  if (!asked_for.empty()) return asked_for;
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& place : {program / "../share/selvedge/demo", program / "../../config/demo",
                                fs::path("config/demo")}) {
    if (fs::exists(place / "index.html")) return fs::canonical(place).string();
  }
  throw std::runtime_error("the demo's bundles are not where they should be; give --bundles DIR");
}

config::Config demo_config(const std::string& bundles, const fs::path& directory) {
  const net::DevelopmentCertificate made = net::make_development_certificate();
  config::Config config;
  config.workers = 2;
  net::ListenerOptions http;
  http.name = "http";
  http.address = "127.0.0.1:0";
  net::ListenerOptions https;
  https.name = "https";
  https.address = "127.0.0.1:0";
  https.tls.certificates = {{write_file(directory / "certificate.pem", made.certificate),
                             write_file(directory / "key.pem", made.key)}};
  config.listeners = {http, https};
  upstream::OriginOptions origin;
  origin.name = "bundles";
  origin.kind = upstream::OriginKind::directory;
  origin.root = bundles;
  config.origins = {origin};
  proxy::RouteOptions route;
  route.name = "/";
  route.origin = "bundles";
  config.sites = {{"demo", {"*"}, {route}}};
  config.admin.address = "127.0.0.1:0";
  config.logs.access_format = config::AccessFormat::off;
  config.logs.level = config::LogLevel::warn;
  config.drain.deadline = std::chrono::seconds(5);
  return config;
}

void explain(const server::Server& server, const std::string& certificate) {
  std::string http, https;
  for (const server::BoundListener& one : server.listeners()) {
    (one.is_tls ? https : http) = one.address;
  }
  const std::string asset = "/acme-ui/2.3.1/button.js";
  std::cout << fmt::format(
      "\nSelvedge serves two bundles, acme-tokens and acme-ui, in two versions each.\n\n"
      "  page         http://{0}/\n"
      "  page, TLS    https://{1}/   (certificate for development: {4})\n"
      "  metrics      http://{2}/metrics\n"
      "  status       http://{2}/v1/status\n\n"
      "Ask twice: Cache-Status says fwd=uri-miss, then hit.\n\n"
      "  curl -si http://{0}{3} | head -20\n"
      "  curl -si --http2-prior-knowledge http://{0}{3} | head -20\n"
      "  curl -si --http2 --cacert {4} https://{1}{3} | head -20\n\n"
      "Stop it with Ctrl-C, or: kill {5}\n",
      http, https, server.admin_address(), asset, certificate, ::getpid());
  std::cout.flush();
}

} // namespace

int demo(const DemoOptions& options) {
  try {
    const TemporaryDirectory directory;
    const config::Config config = demo_config(find_bundles(options.bundles), directory.path());
    server::ServerOptions server_options;
    server_options.version = SELVEDGE_VERSION;
    server_options.ready_file = options.ready_file;
    server::Server server(config, std::move(server_options));
    explain(server, config.listeners[1].tls.certificates[0].certificate);
    server.run();
    return kDone;
  } catch (const std::runtime_error& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kFailed;
  }
}

} // namespace selvedge::cli
