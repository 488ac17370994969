#include "aspects.hpp"

namespace selvedge::policy {

std::string_view text_of(Aspect aspect) {
  constexpr std::array<std::string_view, kAspects> kTexts = {
      "priority",  "rate-limit", "concurrency", "serve-stale", "origin",
      "hits-only", "transforms", "redirect",    "shed"};
  return kTexts[static_cast<std::size_t>(aspect)];
}

Aspects aspects_of(const RuleThen& then) {
  unsigned aspects = 0;
  const auto add = [&aspects](Aspect aspect, bool is_said) {
    if (is_said) aspects |= bit_of(aspect);
  };
  add(Aspect::priority, !then.priority.empty());
  add(Aspect::rate_limit, then.rate_limit.rate > 0);
  add(Aspect::concurrency, then.concurrency > 0);
  add(Aspect::serve_stale, then.serve_stale.count() > 0);
  add(Aspect::origin, !then.origin.empty());
  add(Aspect::hits_only, then.hits_only != Choice::unset);
  add(Aspect::transforms, then.transforms != Choice::unset);
  add(Aspect::redirect, !then.redirect.to.empty());
  add(Aspect::shed, then.shed.status != 0);
  return static_cast<Aspects>(aspects);
}

std::vector<Aspect> list_of(Aspects aspects) {
  std::vector<Aspect> list;
  for (std::size_t i = 0; i < kAspects; ++i) {
    const auto aspect = static_cast<Aspect>(i);
    if ((aspects & bit_of(aspect)) != 0) list.push_back(aspect);
  }
  return list;
}

std::optional<overload::Importance> importance_named(std::string_view text) {
  constexpr std::array<std::string_view, overload::kImportances> kNames = {"premium", "standard",
                                                                           "free", "background"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<overload::Importance>(i);
  }
  return std::nullopt;
}

} // namespace selvedge::policy
