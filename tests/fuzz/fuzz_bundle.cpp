// What origins and clients write of bundles: whatever it is, it is read or refused; what is read is
// written and read again as the same; what content imports, a manifest can say; what nobody signed
// is no pin.
#include <selvedge/bundle/dependency_graph.hpp>
#include <selvedge/bundle/imports.hpp>
#include <selvedge/bundle/name.hpp>
#include <selvedge/bundle/package_json.hpp>
#include <selvedge/bundle/release_log.hpp>
#include <selvedge/bundle/session_pin.hpp>
#include <src/proxy/bundle_request.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <string>

using namespace selvedge;
using namespace selvedge::bundle;

namespace {

void check_versions(std::string_view text) {
  if (const auto version = parse_version(text)) {
    const auto again = parse_version(version->text());
    fuzz::require(again && *again == *version, "a version is what its text says");
    fuzz::require(is_exact_version(version->text()), "its text is an exact version");
  }
  const auto range = VersionRange::parse(text);
  if (!range) return;
  for (const char* one : {"0.0.0", "1.2.3", "1.2.3-beta.1", "9007199254740991.0.0"}) {
    range->admits(*parse_version(one));
  }
}

void check_documents(std::string_view text) {
  if (const auto manifest = parse_manifest(text)) {
    const std::string written = text_of(*manifest.value);
    const auto again = parse_manifest(written);
    fuzz::require(again && text_of(*again.value) == written, "what was written is read as it was");
    for (const Asset& asset : manifest.value->assets)
      fuzz::require(is_asset_path(asset.path), "assets stay in their bundle");
    DependencyGraph::Builder builder;
    builder.add(*manifest.value);
    const DependencyGraph graph = std::move(builder).build();
    for (NodeId node = 0; node < graph.nodes(); ++node) graph.closure(node);
    graph.cycles();
  }
  if (const auto index = BundleIndex::parse(text)) {
    const std::string written = text_of(*index.value);
    const auto again = BundleIndex::parse(written);
    fuzz::require(again && text_of(*again.value) == written, "what was written is read as it was");
    for (const char* selector : {"", "latest", "^1", "1.2.3", "*"}) index.value->resolve(selector);
  }
  if (const auto log = ReleaseLog::parse(text)) {
    const std::string written = text_of(*log.value);
    const auto again = ReleaseLog::parse(written);
    fuzz::require(again && text_of(*again.value) == written, "what was written is read as it was");
    const auto back = log.value->rollback({}, true);
    log.value->choose({1, "", ""})->of_channel("a", "");
  }
  parse_package_json(text);
  parse_integrity(text);
}

void check_imports(std::string_view text) {
  Manifest manifest;
  manifest.name = "self";
  manifest.version = *parse_version("1.0.0");
  const Digest digest = DigestSum(DigestAlgorithm::sha384).digest();
  for (const char* path : {"a.css", "a.js", "b/c.css", "b/c.js"}) {
    manifest.assets.push_back({path, 0, "", digest, AssetClass::standard, {}});
  }
  manifest.dependencies.push_back({"@x/y", "1", *VersionRange::parse("1")});
  manifest.dependencies.push_back({"d", "1", *VersionRange::parse("1")});
  manifest.entry = {"a.js"};
  for (Asset& asset : manifest.assets) {
    asset.required = required_by(asset.path, text, manifest);
    for (const AssetReference& one : asset.required)
      fuzz::require(one.text() != asset.path, "nothing requires itself");
  }
  const auto again = parse_manifest(text_of(manifest));
  fuzz::require(again && text_of(*again.value) == text_of(manifest), "what is required is there");
}

void check_pin(std::string_view text) {
  static const PinKeys keys({PinKeys::Key{"a", {1, 2, 3}}});
  const std::chrono::sys_seconds now{std::chrono::seconds{1'000}};
  fuzz::require(!SessionPin::read(text, keys, now), "nobody else signs a pin");
  parse_pin_keys(text);
}

void check_target(std::string_view text) {
  base::Arena arena;
  const std::string target = '/' + std::string(text);
  const auto request = proxy::bundle_request(target, "/", arena);
  if (!request) return;
  fuzz::require(is_bundle_name(request->name), "a bundle has a name");
  if (!request->is_exact) return;
  const auto at_origin = proxy::origin_target(*request, request->selector, arena);
  fuzz::require(at_origin.starts_with('/'), "a target is a path");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_versions(text);
  check_documents(text);
  check_imports(text);
  check_pin(text);
  check_target(text);
  return 0;
}
