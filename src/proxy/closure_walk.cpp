#include "closure_walk.hpp"

#include <nlohmann/json.hpp>

namespace selvedge::proxy {

using bundle::LockBuilder;
using Json = nlohmann::json;
using Outcome = BundleCatalog::Outcome;

namespace {

std::string why(const BundleCatalog::Document& found) {
  if (found.outcome == Outcome::absent) return "the origin has none";
  if (!found.problem.empty()) return std::string(found.problem);
  return "the origin did not give it (" + std::string(base::name(found.error.code)) + ")";
}

// More are not asked for side by side.
constexpr std::size_t kAtOnce = 32;

// False: it is pending. The first of those makes the waiter wait.
bool take(LockBuilder& builder, BundleCatalog& catalog, const Asker& asker, std::string_view base,
          const LockBuilder::Wanted& what, BundleCatalog::Waiter* waiter) {
  const auto found = catalog.document(asker, base, {what.name, what.version}, waiter);
  switch (found.outcome) {
  case Outcome::pending:
    return false;
  case Outcome::absent:
  case Outcome::failed:
    builder.take_absent(what, why(found), found.outcome == Outcome::absent);
    return true;
  case Outcome::found:
    break;
  }
  if (what.version.empty()) {
    builder.take(std::get<std::shared_ptr<const bundle::BundleIndex>>(*found.document));
  } else {
    builder.take(std::get<std::shared_ptr<const bundle::Manifest>>(*found.document));
  }
  return true;
}

bool is_script(std::string_view path) {
  return path.ends_with(".js") || path.ends_with(".mjs");
}

// "NAME" is what is asked for first of it, "NAME/" whatever is in it.
void add_imports(Json& imports, const LockBuilder::Placed& one, const std::string& url) {
  for (const std::string& entry : one.manifest->entry) {
    if (!is_script(entry)) continue;
    imports[one.name] = url + entry;
    break;
  }
  for (const bundle::Export& each : one.manifest->exports) {
    imports[one.name + '/' + each.name] = url + each.path;
  }
  imports[one.name + '/'] = url;
}

std::string url_of(std::string_view base, const LockBuilder::Placed& one) {
  return std::string(base) + '/' + one.name + '@' + one.version + '/';
}

} // namespace

bool walk(LockBuilder& builder, BundleCatalog& catalog, const Asker& asker, std::string_view base,
          BundleCatalog::Waiter& waiter) {
  for (;;) {
    const std::vector<LockBuilder::Wanted> wanted = builder.walk();
    if (wanted.empty()) return true;
    std::size_t pending = 0;
    for (const LockBuilder::Wanted& what : wanted) {
      if (pending == kAtOnce) break;
      const bool is_first = pending == 0;
      if (!take(builder, catalog, asker, base, what, is_first ? &waiter : nullptr)) ++pending;
    }
    if (pending > 0) return false;
  }
}

std::string closure_json(const LockBuilder& closure, std::string_view base) {
  const auto& versions = closure.versions();
  Json bundles = Json::array(), scopes = Json::object();
  Json imports = Json::object(), conflicts = Json::object(), missing = Json::array();
  for (const LockBuilder::Placed& one : versions) {
    const std::string url = url_of(base, one);
    Json dependencies = Json::object();
    for (const LockBuilder::Choice& choice : one.choices) {
      const bool is_there = choice.chosen != LockBuilder::kNone;
      dependencies[choice.dependency->name] =
          is_there ? Json(versions[choice.chosen].version) : Json();
    }
    bundles.push_back({{"name", one.name},
                       {"version", one.version},
                       {"url", url},
                       {"entry", one.manifest ? one.manifest->entry : std::vector<std::string>()},
                       {"dependencies", std::move(dependencies)}});
    if (one.manifest && !imports.contains(one.name + '/')) add_imports(imports, one, url);
  }
  // Who takes another version than the first finds it there.
  for (const LockBuilder::Placed& one : versions) {
    for (const LockBuilder::Choice& choice : one.choices) {
      if (choice.chosen == LockBuilder::kNone) continue;
      const LockBuilder::Placed& chosen = versions[choice.chosen];
      const std::string url = url_of(base, chosen);
      if (!chosen.manifest || imports[chosen.name + '/'] == url) continue;
      add_imports(scopes[url_of(base, one)], chosen, url);
    }
  }
  for (const std::string& name : closure.conflicts()) conflicts[name] = closure.explain(name);
  for (const LockBuilder::Missing& one : closure.missing()) {
    const LockBuilder::Placed& by = versions[one.by];
    missing.push_back(
        {{"name", one.name}, {"range", one.range}, {"by", by.name + '@' + by.version}});
  }
  const Json json{{"name", versions.front().name},
                  {"version", versions.front().version},
                  {"bundles", std::move(bundles)},
                  {"importmap", {{"imports", std::move(imports)}, {"scopes", std::move(scopes)}}},
                  {"conflicts", std::move(conflicts)},
                  {"missing", std::move(missing)}};
  return json.dump() + '\n';
}

} // namespace selvedge::proxy
