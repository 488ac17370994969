// load() and parse(): bytes to YAML nodes to Config.
#include <selvedge/config/load.hpp>

#include "check.hpp"
#include "reading.hpp"
#include "sections.hpp"
#include "text_rules.hpp"
#include "units.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

namespace selvedge::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytes = 4u << 20; // nobody writes more by hand

struct Source {
  std::string name;
  std::string text;
};

std::string read_source(const std::string& name) {
  errno = 0;
  std::ifstream file(name, std::ios::binary);
  std::string text(kFileBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    throw ConfigError(name + ": cannot be read: " + std::generic_category().message(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

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

// The place of a byte, as an editor counts it.
Where place_of(std::string_view text, std::size_t offset, const Reading& reading) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  Where where = reading.place(YAML::Mark{});
  where.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  where.column =
      1 + static_cast<int>(newline == std::string_view::npos ? offset : offset - newline - 1);
  return where;
}

// Counts documents and keeps where the content of the last one begins.
class DocumentCount final : public YAML::EventHandler {
public:
  int count = 0;
  YAML::Mark last;

private:
  void begin(const YAML::Mark& mark) {
    if (has_content_) return;
    has_content_ = true;
    last = mark;
  }
  void OnDocumentStart(const YAML::Mark& mark) override {
    ++count;
    last = mark;
    has_content_ = false;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { begin(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { begin(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    begin(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    begin(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    begin(mark);
  }
  void OnMapEnd() override {}

  bool has_content_ = false;
};

// The first two are enough. YAML::LoadAll would not end where no document can begin, at ",":
// yaml-cpp finds one empty document after the other.
DocumentCount count_documents(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  DocumentCount documents;
  if (parser.HandleNextDocument(documents)) parser.HandleNextDocument(documents);
  return documents;
}

// The one document of a file; a null node when it says nothing. No value after noting a failure.
std::optional<YAML::Node> document(std::string_view text, Reading& reading) {
  const Where start = reading.place(YAML::Mark{});
  if (text.size() > kFileBytes) {
    reading.fail(start, "", "larger than " + bytes_text(kFileBytes));
    return std::nullopt;
  }
  if (const std::size_t bad = first_unprintable(text); bad != std::string_view::npos) {
    reading.fail(place_of(text, bad, reading), "",
                 "not text: a control character, or not UTF-8 (YAML 1.2, 5.1)");
    return std::nullopt;
  }
  try {
    const DocumentCount documents = count_documents(text);
    if (documents.count < 2) return YAML::Load(std::string(text));
    reading.fail(reading.place(documents.last), "", "a second document; one file holds one");
  } catch (const YAML::DeepRecursion& error) {
    reading.fail(reading.place(error.mark), "", "nested too deeply");
  } catch (const YAML::Exception& error) {
    reading.fail(reading.place(error.mark), "", "not YAML: " + error.msg);
  }
  return std::nullopt;
}

// False when nothing of the file could be used.
bool read_file(const Source& source, Reading& reading, Config& config) {
  reading.begin_file(source.name);
  const std::optional<YAML::Node> node = document(source.text, reading);
  if (!node) return false;
  const Where start = reading.place(node->IsNull() ? YAML::Mark{} : node->Mark());
  if (!node->IsMap() && !node->IsNull()) {
    reading.fail(start, "", "not a configuration: keys such as 'listeners:' are missing");
    return false;
  }
  config_section().read(Input{reading, *node, "", start}, config);
  return true;
}

Config read_all(const std::vector<Source>& sources) {
  Reading reading;
  Config config;
  bool is_whole = true;
  for (const Source& source : sources) {
    if (!read_file(source, reading, config)) is_whole = false;
  }
  fill_defaults(config, reading);
  // What a broken file may have said is not to be called missing.
  if (is_whole) check(config, reading);
  reading.throw_failures();
  return config;
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
