// The classes of content, ready to be asked. Thread: any, once made.
#pragma once

#include "glob.hpp"

#include <selvedge/policy/policy_set.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace selvedge::policy {

// The media type that the ending of a path speaks for; "" for an ending that is not known.
std::string_view guessed_type(std::string_view path);

class ContentClasses {
public:
  explicit ContentClasses(const std::vector<ContentClassOptions>& options);

  ContentClass class_of(std::string_view path, const ContentFacts& content) const;
  bool need_content() const { return need_content_; }

private:
  struct Entry {
    ContentClass is;
    bool has_types;
    std::uint32_t guesses; // which of the types that are guessed match, a bit for each
    std::uint64_t min_size;
    std::uint64_t max_size;
    Globs paths;
    Globs bundles;
    Globs types; // lower case
  };
  // What is asked about, each read when a class first wants it.
  class Content;

  static Entry entry_of(const ContentClassOptions& options);
  static bool holds(const Entry& entry, Content& content);

  std::vector<Entry> entries_;
  bool need_content_ = false;
};

} // namespace selvedge::policy
