// Files and directories.
#include <selvedge/config/load.hpp>
#include <tests/support/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace selvedge;
using config::Config;
using config::ConfigError;
using config::load;

namespace {

// A directory of its own that goes when the test ends.
class Directory {
public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "selvedge-config-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

private:
  fs::path path_;
};

std::string error_of(const std::string& path) {
  try {
    load(path);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

// From the environment, or from where this file was compiled, which may be gone by now.
fs::path source_tree() {
  if (const char* source = std::getenv("SELVEDGE_SOURCE")) return source;
  const fs::path compiled = fs::path(__FILE__).parent_path() / "../..";
  return fs::exists(compiled / "config") ? compiled : fs::path(".");
}

const std::string kListeners = "listeners: [{address: ':8080'}]\n";
const std::string kOrigins = "origins: [{name: app, servers: ['127.0.0.1:9000']}]\n";
const std::string kSites = "sites: [{name: main, hosts: ['*'], routes: [{origin: app}]}]\n";

} // namespace

TEST_CASE("files of a directory are read in order of name and joined", "[config][load]") {
  const Directory directory;
  directory.file("20-more.yaml", "origins: [{name: files, kind: directory, root: www}]\n"
                                 "cache: {stripes: 8}\n");
  directory.file("10-node.yaml", kListeners + kOrigins + "cache: {size: 1GiB}\n");
  directory.file("30-sites.yaml", kSites);
  directory.file("notes.txt", "not: [yaml");
  directory.file(".10-node.yaml.swp", "not: [yaml");
  directory.file(".hidden.yaml", "not: [yaml");
  const Config config = load(directory.path());
  REQUIRE(config.origins.size() == 2);
  CHECK(config.origins[0].name == "app");
  CHECK(config.origins[1].name == "files");
  CHECK(config.origins[1].root == directory.path() + "/www");
  CHECK(config.cache.size == 1u << 30);
  CHECK(config.cache.stripes == 8);
}

TEST_CASE("a key that two files set is an error in the second", "[config][load]") {
  const Directory directory;
  const std::string a = directory.file("a.yaml", kListeners + kOrigins + "cache:\n  size: 1GiB\n");
  const std::string b = directory.file("b.yaml", "cache:\n  size: 1GiB\n" + kSites);
  CHECK(error_of(directory.path()) == b + ":2:3: 'size' is set twice, first at " + a + ":4:9");
}

TEST_CASE("names are unique over all files", "[config][load]") {
  const Directory directory;
  const std::string a = directory.file("a.yaml", kListeners + kOrigins + kSites);
  const std::string b = directory.file("b.yaml", kOrigins);
  CHECK(error_of(directory.path()) == b + ":1:18: name 'app' is taken, first at " + a + ":2:18");
}

TEST_CASE("problems of all files are reported in their order", "[config][load]") {
  const Directory directory;
  const std::string a = directory.file("a.yaml", kListeners + "workers: -1\n");
  const std::string b = directory.file("b.yaml", kOrigins + kSites + "logs: {level: loud}\n");
  CHECK(error_of(directory.path()) ==
        a + ":2:10: 'workers' must be a whole number from 0 to 256, not '-1'\n" + b +
            ":3:15: 'level' must be debug, info, warn or error, not 'loud'");
}

TEST_CASE("a file that cannot be read is named", "[config][load]") {
  const Directory directory;
  const std::string missing = directory.path() + "/missing.yaml";
  CHECK(error_of(missing) == missing + ": cannot be read: No such file or directory");
  CHECK(error_of(directory.path()) == directory.path() + ": holds no *.yaml files");
}

TEST_CASE("a file is bounded", "[config][load]") {
  const Directory directory;
  const std::string text = kListeners + kOrigins + kSites + "#";
  const std::size_t most = 4u << 20;
  const std::string fits = directory.file("fits.yaml", text + std::string(most - text.size(), 'x'));
  CHECK_NOTHROW(load(fits));
  const std::string huge = directory.file("huge.yaml", std::string(most + 1, '#'));
  CHECK(error_of(huge) == huge + ":1:1: larger than 4MiB");
}

TEST_CASE("the examples that are shipped can be used", "[config][load]") {
  const fs::path examples = source_tree() / "config";
  if (!fs::exists(examples / "selvedge.yaml")) {
    WARN("skipped: set SELVEDGE_SOURCE to the source tree");
    return;
  }
  std::size_t read = 0;
  for (const auto& entry : fs::directory_iterator(examples)) {
    if (entry.path().extension() != ".yaml") continue;
    if (entry.path().filename().string().starts_with("policy")) continue; // parts, and cases
    CAPTURE(entry.path());
    CHECK_NOTHROW(load(entry.path().string()));
    ++read;
  }
  CHECK(read >= 2);
  const Config first = load((examples / "selvedge.yaml").string());
  CHECK(first.listeners.at(0).address == "127.0.0.1:8080");
  for (const auto& origin : first.origins) {
    if (!origin.root.empty()) CHECK(fs::is_directory(origin.root));
  }
}
