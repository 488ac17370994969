// load() and parse(): bytes to YAML nodes to Config.
#include <selvedge/config/load.hpp>

#include "check.hpp"
#include "document.hpp"
#include "reading.hpp"
#include "sections.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

namespace selvedge::config {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string name;
  std::string text;
};

std::vector<std::string> sources_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    // Symbolic links count as what they point to; hidden files are those of editors.
    if (name.front() == '.' || at->path().extension() != ".yaml") continue;
    if (std::error_code ignored; !at->is_regular_file(ignored)) continue;
    names.push_back(at->path().string());
  }
  if (error) throw ConfigError(directory + ": cannot be read: " + error.message());
  if (names.empty()) throw ConfigError(directory + ": holds no *.yaml files");
  std::sort(names.begin(), names.end());
  return names;
}

// Reads the files into one Config, and those that they include.
class Files {
public:
  // False when nothing of the file could be used. What it includes is read right after it.
  bool read(const Source& source) {
    const std::size_t before = config_.include.size();
    bool is_whole = read_one(source);
    // A copy: files that are included may not include, which shows in the same list.
    const std::vector<std::string> included = config_.include;
    for (std::size_t i = before; i < included.size(); ++i) {
      if (!include(included[i], i)) is_whole = false;
    }
    return is_whole;
  }

  // A file that is named from outside is not to be included as well.
  void announce(const std::string& name) { known_.insert(path_of(name)); }

  Config finish(bool is_whole) {
    config_.include.clear();
    fill_defaults(config_, reading_);
    // What a broken file may have said is not to be called missing.
    if (is_whole) check(config_, reading_);
    reading_.throw_failures();
    config_.warnings = reading_.warnings();
    return std::move(config_);
  }

private:
  static std::string path_of(const std::string& name) {
    std::error_code error;
    const fs::path path = fs::weakly_canonical(name, error);
    return error ? name : path.string();
  }

  bool read_one(const Source& source) {
    reading_.begin_file(source.name);
    const std::optional<YAML::Node> node = document(source.text, reading_);
    if (!node) return false;
    const Where start = reading_.place(node->IsNull() ? YAML::Mark{} : node->Mark());
    if (!node->IsMap() && !node->IsNull()) {
      reading_.fail(start, "", "not a configuration: keys such as 'listeners:' are missing");
      return false;
    }
    config_section().read(Input{reading_, *node, "", start}, config_);
    return true;
  }

  bool include(const std::string& name, std::size_t index) {
    const std::string path = "include[" + std::to_string(index) + "]";
    const Where where = reading_.where(path);
    if (!known_.insert(path_of(name)).second) {
      reading_.fail(where, path, in_quotes(name) + " is read already");
      return true;
    }
    boost::system::result<std::string> text = text_in(name);
    if (!text) {
      reading_.fail(where, path, in_quotes(name) + " cannot be read: " + text.error().message());
      return false;
    }
    const std::size_t before = config_.include.size();
    const bool is_whole = read_one(Source{name, *std::move(text)});
    if (config_.include.size() > before) {
      const std::string inner = "include[" + std::to_string(before) + "]";
      reading_.fail(reading_.where(inner), inner, "a file that is included cannot include others");
    }
    return is_whole;
  }

  Reading reading_;
  Config config_;
  std::set<std::string> known_;
};

Config read_all(const std::vector<Source>& sources) {
  Files files;
  for (const Source& source : sources) files.announce(source.name);
  bool is_whole = true;
  for (const Source& source : sources) {
    if (!files.read(source)) is_whole = false;
  }
  return files.finish(is_whole);
}

} // namespace

Config load(const std::string& path) {
  std::vector<std::string> names{path};
  if (std::error_code ignored; fs::is_directory(path, ignored)) names = sources_in(path);
  std::vector<Source> sources;
  for (const std::string& name : names) sources.push_back({name, read_source(name)});
  return read_all(sources);
}

Config parse(std::string_view yaml, const std::string& name) {
  return read_all({Source{name, std::string(yaml)}});
}

} // namespace selvedge::config
