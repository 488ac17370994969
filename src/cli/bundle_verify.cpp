// selvedge bundle verify: what is in an origin's folder is what its manifests say.
#include "commands.hpp"
#include "origin_folder.hpp"

#include <selvedge/bundle/dependency_graph.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace selvedge::cli {
namespace {

namespace fs = std::filesystem;
using bundle::Manifest;
using nlohmann::json;

class Verification {
public:
  explicit Verification(const std::string& root) : origin_(root) {}

  // `wanted`: "NAME" or "NAME@VERSION"; none: everything.
  void run(const std::vector<std::string>& wanted) {
    for (const std::string& name : origin_.names()) {
      try {
        look_at(name, wanted);
      } catch (const std::runtime_error& error) {
        problems.emplace_back(error.what());
      }
    }
    if (wanted.empty()) look_at_dependencies();
  }

  std::vector<std::string> problems;
  std::vector<std::string> notes; // no problems
  std::size_t versions = 0;
  std::size_t files = 0;
  std::uint64_t bytes = 0;

private:
  static bool is_wanted(const std::vector<std::string>& wanted, const std::string& name,
                        const std::string& version) {
    if (wanted.empty()) return true;
    const auto matches = [&](const std::string& one) {
      return one == name || one == name + '@' + version;
    };
    return std::ranges::any_of(wanted, matches);
  }

  void look_at(const std::string& name, const std::vector<std::string>& wanted) {
    const auto index = origin_.index(name);
    graph_.add(*index);
    for (const bundle::IndexedVersion& one : index->versions()) {
      if (!is_wanted(wanted, name, one.text)) continue;
      try {
        look_at_version(name, one.text);
      } catch (const std::runtime_error& error) {
        problems.emplace_back(error.what());
      }
    }
  }

  void look_at_version(const std::string& name, const std::string& version) {
    ++versions;
    show_progress(name + '@' + version);
    const auto manifest = origin_.manifest(name, version);
    const fs::path folder = origin_.folder_of(name, version);
    if (!manifest) {
      problems.push_back((folder / "bundle.json").string() + ": is not there");
      return;
    }
    graph_.add(*manifest);
    for (const bundle::Asset& asset : manifest->assets) look_at_asset(folder, asset);
    look_for_strangers(folder, *manifest);
  }

  void look_at_asset(const fs::path& folder, const bundle::Asset& asset) {
    const fs::path file = folder / asset.path;
    if (!fs::is_regular_file(file)) {
      problems.push_back(file.string() + ": is not there");
      return;
    }
    const std::string content = read_file(file);
    ++files;
    bytes += content.size();
    if (content.size() != asset.size) {
      problems.push_back(
          fmt::format("{}: has {} bytes, not {}", file.string(), content.size(), asset.size));
      return;
    }
    bundle::DigestSum sum(asset.digest.algorithm);
    sum.add(content);
    const bundle::Digest digest = sum.digest();
    if (digest == asset.digest) return;
    problems.push_back(fmt::format("{}: is {}, not {}", file.string(), digest.integrity(),
                                   asset.digest.integrity()));
  }

  void look_for_strangers(const fs::path& folder, const Manifest& manifest) {
    for (const auto& one : fs::recursive_directory_iterator(folder)) {
      if (one.is_directory()) continue;
      const std::string path = one.path().lexically_relative(folder).generic_string();
      if (path == "bundle.json" || manifest.find(path) != nullptr) continue;
      problems.push_back(one.path().string() + ": is not in the manifest");
    }
  }

  void look_at_dependencies() {
    const bundle::DependencyGraph graph = std::move(graph_).build();
    for (bundle::NodeId node = 0; node < graph.nodes(); ++node) {
      const bundle::Closure closure = graph.closure(node);
      for (const bundle::Requirement& one : closure.missing) {
        if (one.by != node) continue; // told once, of whom it is a dependency
        problems.push_back(fmt::format("{}@{}: no version of {} is {}", graph.name_of(node),
                                       graph.version_of(node), one.name, one.range));
      }
    }
    for (const auto& cycle : graph.cycles()) {
      std::string text;
      for (const bundle::NodeId node : cycle) {
        text += fmt::format(" {}@{}", graph.name_of(node), graph.version_of(node));
      }
      notes.push_back("need one another:" + text);
    }
  }

  static void show_progress(const std::string& what) {
    if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K" << what;
  }

  const OriginFolder origin_;
  bundle::DependencyGraph::Builder graph_;
};

} // namespace

int verify_bundles(const BundleOptions& options) {
  Verification verification(options.origin);
  try {
    verification.run(options.bundles);
  } catch (const std::exception& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kBadConfiguration;
  }
  if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
  if (verification.versions == 0) verification.problems.emplace_back("there is no such bundle");
  if (options.output == Output::json) {
    const json said{{"versions", verification.versions},
                    {"files", verification.files},
                    {"bytes", verification.bytes},
                    {"problems", verification.problems},
                    {"notes", verification.notes}};
    std::cout << said.dump(2) << "\n";
  } else {
    for (const std::string& one : verification.problems) std::cout << one << "\n";
    for (const std::string& one : verification.notes) std::cout << "note: " << one << "\n";
    std::cout << fmt::format("{} versions, {} files, {:.1f} MiB: {} problems\n",
                             verification.versions, verification.files,
                             static_cast<double>(verification.bytes) / (1 << 20),
                             verification.problems.size());
  }
  return verification.problems.empty() ? kDone : kBadConfiguration;
}

} // namespace selvedge::cli
