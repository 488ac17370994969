// Prometheus text (exposition format 0.0.4), sample by sample.
// Thread: one.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

namespace selvedge::server {

class Exposition {
public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  }
  template <typename Number>
  void sample(std::string_view name, std::string_view labels, Number value) {
    if (labels.empty()) {
      fmt::format_to(std::back_inserter(text_), "{} {}\n", name, value);
    } else {
      fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", name, labels, value);
    }
  }
  // A family with one sample.
  template <typename Number>
  void one(std::string_view name, std::string_view type, std::string_view help, Number value,
           std::string_view labels = {}) {
    family(name, type, help);
    sample(name, labels, value);
  }
  std::string take() { return std::move(text_); }

private:
  std::string text_;
};

// The value of a label: names come from the configuration, but a quote would break the format.
inline std::string label(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped.push_back('\\');
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

} // namespace selvedge::server
