// Collects the lines of differences(): what a reload would change, and what it cannot.
// Thread: one.
#pragma once

#include "shape.hpp"

#include <string>
#include <utility>
#include <vector>

namespace selvedge::config {

// A key in a comparison. Elements of lists stand by name: "origins[app].servers".
struct Changed {
  std::string path;
  Reload reload = Reload::live;
};

class Differences {
public:
  void changed(const Changed& at, const std::string& from, const std::string& to) {
    add(at, from + " -> " + to);
  }
  void added(const Changed& at) { add(at, "added"); }
  void removed(const Changed& at) { add(at, "removed"); }
  void reordered(const Changed& at) { add(at, "order changed"); }
  std::size_t size() const { return lines_.size(); }

  std::vector<std::string> take() { return std::move(lines_); }

private:
  void add(const Changed& at, const std::string& text) {
    lines_.push_back(at.path + ": " + text +
                     (at.reload == Reload::restart ? " (needs a restart)" : ""));
  }

  std::vector<std::string> lines_;
};

} // namespace selvedge::config
