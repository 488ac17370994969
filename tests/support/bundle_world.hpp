// An origin of bundles for flow tests: it has indexes, manifests and assets, and answers whatever
// it is asked. Thread: one.
#pragma once

#include "bundle_flow.hpp"

#include <selvedge/bundle/integrity.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::test {

class BundleWorld {
public:
  using Needs = std::vector<std::pair<std::string, std::string>>;

  // A version with the entry "a.js" and a secondary "docs.md". It becomes `latest`.
  void add(const std::string& name, const std::string& version, const Needs& needs = {}) {
    const std::string root = "/" + name + "/" + version + "/";
    std::string assets, dependencies;
    for (const char* path : {"a.js", "docs.md"}) {
      const std::string content = name + " " + version + " " + path + common;
      files[root + path] = content;
      bundle::DigestSum sum(bundle::DigestAlgorithm::sha384);
      sum.add(content);
      assets += (assets.empty() ? "" : ", ") + (R"({"path": ")" + std::string(path)) +
                R"(", "size": )" + std::to_string(content.size()) + R"(, "integrity": ")" +
                sum.digest().integrity() + R"(", "class": ")" +
                (std::string_view(path) == "a.js" ? "core" : "secondary") + "\"}";
    }
    for (const auto& [on, range] : needs) {
      dependencies += (dependencies.empty() ? "\"" : ", \"") + on + R"(": ")" + range + "\"";
    }
    files[root + "bundle.json"] = R"({"name": ")" + name + R"(", "version": ")" + version +
                                  R"(", "assets": [)" + assets + R"(], "dependencies": {)" +
                                  dependencies + R"(}, "entry": ["a.js"]})";
    versions_[name].push_back(version);
    point(name, "latest", version);
  }

  // An asset of a version that was added needs another: "b.js", "lit:a.js", "lit:".
  void require(const std::string& name, const std::string& version, const std::string& path,
               const std::string& what) {
    std::string& manifest = files.at("/" + name + "/" + version + "/bundle.json");
    const std::string at = R"({"path": ")" + path + '"';
    manifest.insert(manifest.find(at) + at.size(), R"(, "requires": [")" + what + R"("])");
  }

  void point(const std::string& name, const std::string& channel, const std::string& version) {
    channels_[name][channel] = version;
    std::string index = R"({"name": ")" + name + R"(", "channels": {)";
    for (const auto& [one, to] : channels_[name]) {
      index += (index.ends_with('{') ? "\"" : ", \"") + one + R"(": ")" + to + "\"";
    }
    index += R"(}, "versions": {)";
    for (const std::string& one : versions_[name]) {
      index += (index.ends_with('{') ? "\"" : ", \"") + one + R"(": {})";
    }
    files["/" + name + "/index.json"] = index + "}}";
  }

  // All that the origin was asked for and has not said.
  void answer(Flow& flow) const {
    flow.settle();
    while (const ScriptedOrigin::Fetch* fetch = flow.origin().waiting()) {
      const auto found = files.find(fetch->target);
      Fields fields = kMinute;
      if (fetch->target.ends_with(".js")) fields.emplace_back("content-type", "text/javascript");
      if (found == files.end()) {
        flow.origin().answer(404, {}, "");
      } else {
        flow.origin().answer(200, fields, found->second);
      }
      flow.settle();
    }
  }

  std::map<std::string, std::string> files; // by target
  std::string common;                       // to all assets that are added from now on

private:
  std::map<std::string, std::vector<std::string>> versions_;
  std::map<std::string, std::map<std::string, std::string>> channels_;
};

} // namespace selvedge::test
