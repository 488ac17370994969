// No request path names a file outside of the root, or a hidden one.
#include <src/upstream/file_path.hpp>
#include <tests/fuzz/fuzz.hpp>

using namespace selvedge;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto path = upstream::file_path_of(target);
  if (!path) return 0;
  fuzz::require(!path->empty(), "a path is not empty");
  fuzz::require(path->front() != '/' && path->back() != '/', "a path names a file, relatively");
  fuzz::require(path->front() != '.', "no dot first");
  fuzz::require(path->find("/.") == std::string::npos, "no dot segment or hidden name");
  fuzz::require(path->find("//") == std::string::npos, "no empty segment");
  fuzz::require(path->find('\0') == std::string::npos, "no NUL");
  upstream::has_version(*path);
  return 0;
}
