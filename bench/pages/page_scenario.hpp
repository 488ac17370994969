// What the pages of a run ask for, and what may come of it: read from a JSON file that
// bench/pages/load.py writes. Immutable once read, but for the contents it remembers. Owned and
// called by one thread.
//
//   {"cookie": "selvedge-pin", "origin": "/srv/bundles",
//    "rest": {"every": 50, "milliseconds": 3000},
//    "sets": {"spring": {"lit": ["3.1.4"], ...}, ...},
//    "pages": [{"root": "lit", "entry": ["/lit@latest/index.js", "/lit@%5E3/index.js"],
//               "then": [["/lit-html@%5E3/lit-html.js", "/lit-html/lit-html.js"], ...]}],
//    "paths": {"lit": ["index.js"], ...}}
//
// Of several targets a page draws one. Every so many pages, a session rests before its next one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace selvedge::bench {

struct PageAsset {
  std::string name; // of the bundle
  std::string version;

  friend bool operator==(const PageAsset&, const PageAsset&) = default;
};

// "/NAME@VERSION/PATH"; an empty name when it is nothing like that.
struct ExactUrl {
  std::string_view name;
  std::string_view version;
  std::string_view path;
};
ExactUrl parse_exact_url(std::string_view url);

struct PageKind {
  std::string root;
  std::vector<std::string> entry;             // targets, any of which begins the page
  std::vector<std::vector<std::string>> then; // what comes after, each by any of its targets
};

class PageScenario {
public:
  // Throws std::runtime_error, or what nlohmann::json does, when it is not of its form.
  explicit PageScenario(const std::string& file);

  const std::string& cookie() const { return cookie_; }
  std::uint64_t rest_every() const { return rest_every_; } // pages, on average
  std::chrono::milliseconds rest() const { return rest_; }
  const std::vector<PageKind>& pages() const { return pages_; }
  const std::vector<std::string>& set_names() const { return set_names_; }
  // Of a bundle, what pages ask for by exact URLs; empty: nothing.
  const std::vector<std::string>& paths_of(const std::string& name) const;

  // The numbers of the sets that have all of these.
  std::vector<std::size_t> sets_with(const std::vector<PageAsset>& page) const;
  // Whether the origin's folder has this content under the URL.
  bool is_content(const ExactUrl& url, std::string_view content);

private:
  std::string cookie_;
  std::string origin_;
  std::uint64_t rest_every_ = 0;
  std::chrono::milliseconds rest_{};
  std::vector<std::string> set_names_;
  std::vector<std::map<std::string, std::vector<std::string>>> sets_;
  std::vector<PageKind> pages_;
  std::map<std::string, std::vector<std::string>> paths_;
  std::unordered_map<std::string, std::string> contents_;
};

} // namespace selvedge::bench
