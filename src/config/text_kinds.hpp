// Kinds of text: with a form, file paths, and lists of texts.
// Thread: as kind.hpp.
#pragma once

#include "kind.hpp"
#include "text_rules.hpp"

#include <string>
#include <vector>

namespace selvedge::config {

class TextKind final : public LineKind<std::string> {
public:
  TextKind(const TextRule& rule, Empty empty) : rule_(rule), empty_(empty) {}
  void read(const Input& input, std::string& to) const override;
  std::string yaml(const std::string& value) const override { return yaml_text(value); }
  Shape shape() const override;

private:
  const TextRule& rule_;
  Empty empty_;
};

// A file or directory; a relative one starts from the directory of the file that names it. "-" is
// standard output, where that is allowed.
class PathKind final : public LineKind<std::string> {
public:
  enum class Dash : std::uint8_t { refused, allowed };
  PathKind(std::string what, Empty empty, Dash dash)
      : what_(std::move(what)), empty_(empty), dash_(dash) {}
  void read(const Input& input, std::string& to) const override;
  std::string yaml(const std::string& value) const override { return yaml_text(value); }
  Shape shape() const override;

private:
  std::string what_;
  Empty empty_;
  Dash dash_;
};

class TextListKind final : public LineKind<std::vector<std::string>> {
public:
  TextListKind(const TextRule& rule, Empty empty) : rule_(rule), empty_(empty) {}
  void read(const Input& input, std::vector<std::string>& to) const override;
  std::string yaml(const std::vector<std::string>& value) const override;
  Shape shape() const override;

private:
  const TextRule& rule_;
  Empty empty_;
};

} // namespace selvedge::config
