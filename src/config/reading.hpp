// What is known while configuration is read: the file at hand, where each key stands, and every
// problem found so far. One Reading spans all files of one load().
// Owned by load() or parse(). Thread: one.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::config {

// Counted from one, as editors do.
struct Where {
  std::size_t file = 0; // the number of the begin_file() call
  int line = 1;
  int column = 1;
};

// `text` between single quotes, short and on one line whatever it holds.
std::string in_quotes(std::string_view text);

class Reading {
public:
  // What is read from here on is in this file; relative paths in it start from its directory.
  void begin_file(const std::string& name);
  const std::filesystem::path& directory() const { return directory_; }
  // A mark of yaml-cpp in the file at hand.
  Where place(const YAML::Mark& mark) const;

  // A path is "cache.size" or "sites[0].routes[2].origin".
  void fail(const Where& where, const std::string& path, const std::string& text);
  // What is strange and may be meant; it stops nobody.
  void warn(const Where& where, const std::string& text) { warnings_.push_back({where, text}); }
  // The key at `path` stands at `where`. The first place is kept.
  void note(const std::string& path, const Where& where) { places_.emplace(path, where); }
  bool is_set(const std::string& path) const { return places_.count(path) != 0; }
  // The key's own place, or that of the nearest section around it.
  Where where(std::string path) const;
  std::string where_text(const Where& where) const; // "selvedge.yaml:12:3"
  bool has_failed(const std::string& path) const { return failed_.count(path) != 0; }
  bool has_failed_within(const std::string& section) const;
  std::size_t failures() const { return failures_; }

  // Counts one more value. False when there are too many to be meant (aliases of lists of aliases
  // make a small file stand for a huge one) or too many problems to be read by anyone.
  bool spend(const Where& where, const std::string& path);

  // Throws a ConfigError with one line a problem, in the order of the files, when there are any.
  void throw_failures() const;
  // In the order of the files: "selvedge.yaml:12:3: warning: ...".
  std::vector<std::string> warnings() const;

private:
  struct Finding {
    Where where;
    std::string text;
  };
  static std::vector<Finding> in_order(std::vector<Finding> findings);

  std::vector<std::string> files_;
  std::filesystem::path directory_;
  std::map<std::string, Where> places_;
  std::set<std::string> failed_;
  std::vector<Finding> listed_; // the first kListed of them
  std::vector<Finding> warnings_;
  std::size_t failures_ = 0;
  std::size_t values_ = 0;
};

// One value and where it stands.
struct Input {
  Reading& reading;
  YAML::Node node;
  std::string path;
  Where where;

  // The last key of the path: "servers" of "origins[0].servers[1]".
  std::string key() const;
  void fail(const std::string& text) const { reading.fail(where, path, text); }
  // "'KEY' must be WHAT, not 'VALUE'" and whatever `hint` adds.
  void refuse(std::string_view what, std::string_view hint = {}) const;
};

} // namespace selvedge::config
