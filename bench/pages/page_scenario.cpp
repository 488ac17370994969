#include "page_scenario.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace selvedge::bench {

namespace {

// Empty: it cannot be read.
std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

ExactUrl parse_exact_url(std::string_view url) {
  if (!url.starts_with('/')) return {};
  const std::size_t at = url.find('@', 2); // behind that of a scope
  const std::size_t slash = at == std::string_view::npos ? at : url.find('/', at);
  if (slash == std::string_view::npos) return {};
  return {url.substr(1, at - 1), url.substr(at + 1, slash - at - 1), url.substr(slash + 1)};
}

PageScenario::PageScenario(const std::string& file) {
  const auto json = nlohmann::json::parse(content_of(file));
  json.at("cookie").get_to(cookie_);
  json.at("origin").get_to(origin_);
  json.at("rest").at("every").get_to(rest_every_);
  rest_ = std::chrono::milliseconds(json.at("rest").at("milliseconds").get<std::int64_t>());
  if (rest_every_ == 0) throw std::runtime_error(file + ": rest.every is 0");
  for (const auto& [name, set] : json.at("sets").items()) {
    set_names_.push_back(name);
    sets_.push_back(set.get<std::map<std::string, std::vector<std::string>>>());
  }
  for (const auto& page : json.at("pages")) {
    PageKind kind;
    page.at("root").get_to(kind.root);
    page.at("entry").get_to(kind.entry);
    page.at("then").get_to(kind.then);
    if (kind.entry.empty()) throw std::runtime_error(file + ": a page has no entry");
    for (const auto& targets : kind.then) {
      if (targets.empty()) throw std::runtime_error(file + ": an asset has no target");
    }
    pages_.push_back(std::move(kind));
  }
  if (pages_.empty()) throw std::runtime_error(file + ": there are no pages");
  json.at("paths").get_to(paths_);
}

const std::vector<std::string>& PageScenario::paths_of(const std::string& name) const {
  static const std::vector<std::string> kNone;
  const auto found = paths_.find(name);
  return found != paths_.end() ? found->second : kNone;
}

std::vector<std::size_t> PageScenario::sets_with(const std::vector<PageAsset>& page) const {
  std::vector<std::size_t> found;
  for (std::size_t number = 0; number < sets_.size(); ++number) {
    const auto& set = sets_[number];
    const bool has_all = std::ranges::all_of(page, [&set](const PageAsset& one) {
      const auto bundle = set.find(one.name);
      return bundle != set.end() &&
             std::ranges::find(bundle->second, one.version) != bundle->second.end();
    });
    if (has_all) found.push_back(number);
  }
  return found;
}

bool PageScenario::is_content(const ExactUrl& url, std::string_view content) {
  const std::string file = origin_ + '/' + std::string(url.name) + '/' + std::string(url.version) +
                           '/' + std::string(url.path);
  auto found = contents_.find(file);
  if (found == contents_.end()) found = contents_.emplace(file, content_of(file)).first;
  return !content.empty() && found->second == content;
}

} // namespace selvedge::bench
