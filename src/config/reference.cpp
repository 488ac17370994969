// What is made of a Config, or of nothing but the records: YAML, the reference, differences.
#include <selvedge/config/load.hpp>

#include "policy_sections.hpp"
#include "sections.hpp"

namespace selvedge::config {
namespace {

constexpr std::string_view kReferenceHead =
    "Every key of the configuration. Lists hold an example; all else is the default.\n"
    "Sizes are bytes, or have a unit: kB, MB, GB, TB (of 1000), KiB, MiB, GiB, TiB (of 1024). "
    "Durations have one: ms, s, m, h, d; shares have %. Relative paths start from the directory of "
    "the file that names them. A directory of *.yaml files is read as one configuration.";

// One origin of each kind that has keys of its own.
std::vector<upstream::OriginOptions> example_origins() {
  upstream::OriginOptions servers;
  servers.name = "app";
  servers.servers.resize(1);
  servers.servers[0].address = "127.0.0.1:9000";
  servers.servers[0].region = "eu-1";
  upstream::OriginOptions files;
  files.name = "files";
  files.kind = upstream::OriginKind::directory;
  files.root = "www";
  upstream::OriginOptions store;
  store.name = "store";
  store.kind = upstream::OriginKind::s3;
  store.servers.resize(1);
  store.servers[0].address = "127.0.0.1:9001";
  store.s3.bucket = "bundles";
  return {servers, files, store};
}

// One element or more of every list, together naming every key.
Config example() {
  Config config;
  net::ListenerOptions listener;
  listener.name = "public";
  listener.address = ":8443";
  listener.tls.certificates.push_back({"tls/example.pem", "tls/example.key"});
  config.listeners.push_back(listener);
  config.origins = example_origins();
  proxy::RouteOptions pages;
  pages.name = "pages";
  pages.origin = "app";
  proxy::RouteOptions assets;
  assets.name = "assets";
  assets.prefix = "/assets/";
  assets.origin = "files";
  assets.default_lifetime = std::chrono::hours{1};
  pages.normalize.push_back({"accept-encoding", {"br", "gzip"}});
  config.sites.push_back({"example", {"www.example.com", "*"}, {pages, assets}});
  config.policy = example_policy();
  return config;
}

} // namespace

std::string explanation(const FieldShape& field) {
  const Shape& shape = field.shape;
  std::string facts;
  const auto add = [&facts](const std::string& fact) {
    if (!facts.empty()) facts += "; ";
    facts += fact;
  };
  const bool is_section = shape.type == ShapeType::section;
  if (!is_section) add(shape.what);
  if (!field.condition.empty()) add("only for " + field.condition);
  if (field.is_required) {
    add("required");
  } else if (!field.initial.empty()) {
    add("default " + field.initial);
  }
  if (!is_section && field.reload == Reload::restart) add("a change needs a restart");
  return facts.empty() ? field.text : field.text + "\n(" + facts + ")";
}

std::string to_yaml(const Config& config) {
  Writer writer(Writer::Style::plain);
  config_section().write(writer, config);
  return writer.take();
}

std::string reference() {
  Writer writer(Writer::Style::explained);
  writer.comment(kReferenceHead);
  config_section().write(writer, example());
  return writer.take();
}

std::vector<std::string> differences(const Config& from, const Config& to) {
  Differences differences;
  config_section().compare(differences, "", from, to);
  return differences.take();
}

} // namespace selvedge::config
