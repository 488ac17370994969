// The files that a file includes.
// Thread: as kind.hpp.
#pragma once

#include "kind.hpp"

#include <string>
#include <vector>

namespace selvedge::config {

// A list of files; relative ones start from the directory of the file that names them. Lists of
// several files are one, and each entry has its place in the Reading.
class IncludeKind final : public LineKind<std::vector<std::string>> {
public:
  void read(const Input& input, std::vector<std::string>& to) const override;
  std::string yaml(const std::vector<std::string>& value) const override;
  bool is_joined() const override { return true; }
  Shape shape() const override;
};

} // namespace selvedge::config
