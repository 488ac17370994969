#include "canonical_value.hpp"

#include <selvedge/http/preference.hpp>

#include <algorithm>
#include <array>

namespace selvedge::cache {

namespace {

using http::FieldName;
using http::Preference;

constexpr std::size_t kMaxPreferences = 24;

bool less_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return lower(x) < lower(y); });
}

// RFC 9110, 8.4.1: two names that recipients treat as others.
std::string_view without_alias(std::string_view coding) {
  if (http::equals_ignoring_case(coding, "x-gzip")) return "gzip";
  if (http::equals_ignoring_case(coding, "x-compress")) return "compress";
  return coding;
}

class Preferences {
public:
  // False: too many to be told apart here, or one that has no known meaning: what an origin makes
  // of it is not known.
  bool read(const http::FieldList& request, FieldName id) {
    bool fits = true;
    http::for_each_element(request, id, [&](std::string_view member) {
      const auto preference = http::parse_preference(member);
      fits = preference && count_ < kMaxPreferences && add(*preference, id);
      return fits;
    });
    return fits;
  }

  void sort(FieldName id) {
    const bool by_name = id == FieldName::accept_encoding;
    if (by_name) drop_refused();
    // An insertion sort: short lists, stable, and no allocation as std::stable_sort may do.
    for (std::size_t i = 1; i < count_; ++i) {
      for (std::size_t j = i; j > 0 && comes_before(all_[j], all_[j - 1], by_name); --j) {
        std::swap(all_[j], all_[j - 1]);
      }
    }
  }

  std::span<const Preference> all() const { return {all_.data(), count_}; }

private:
  // False: it was there, with another weight.
  bool add(Preference preference, FieldName id) {
    if (id == FieldName::accept_encoding) preference.name = without_alias(preference.name);
    const auto end = all_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto same = std::find_if(all_.begin(), end, [&](const Preference& one) {
      return http::equals_ignoring_case(one.name, preference.name);
    });
    if (same != end) return same->weight == preference.weight;
    all_[count_++] = preference;
    return true;
  }

  // A coding with q=0 is refused, as it is when it is not listed at all, unless "*" admits it.
  // identity is admitted without being listed.
  void drop_refused() {
    const auto end = all_.begin() + static_cast<std::ptrdiff_t>(count_);
    const bool has_star =
        std::any_of(all_.begin(), end, [](const Preference& one) { return one.name == "*"; });
    if (has_star) return;
    const auto kept = std::remove_if(all_.begin(), end, [](const Preference& one) {
      return one.weight == 0 && !http::equals_ignoring_case(one.name, "identity");
    });
    count_ = static_cast<std::size_t>(kept - all_.begin());
  }

  static bool comes_before(const Preference& a, const Preference& b, bool by_name) {
    if (a.weight != b.weight) return a.weight > b.weight;
    return by_name && less_ignoring_case(a.name, b.name);
  }

  std::array<Preference, kMaxPreferences> all_;
  std::size_t count_ = 0;
};

class Writer {
public:
  explicit Writer(std::span<char, kCanonicalBytes> to) : to_(to) {}
  void text(std::string_view text) {
    for (const char c : text) {
      if (size_ == to_.size()) {
        fits_ = false;
        return;
      }
      to_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
  }
  void weight(unsigned weight) {
    char digits[3] = {static_cast<char>('0' + weight / 100),
                      static_cast<char>('0' + weight / 10 % 10),
                      static_cast<char>('0' + weight % 10)};
    std::size_t count = 3;
    while (count > 0 && digits[count - 1] == '0') --count;
    text(count == 0 ? ";q=0" : ";q=0.");
    text({digits, count});
  }
  std::optional<std::string_view> view() const {
    if (!fits_) return std::nullopt;
    return std::string_view(to_.data(), size_);
  }

private:
  std::span<char, kCanonicalBytes> to_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

} // namespace

std::optional<std::string_view> canonical_value(const http::FieldList& request, FieldName id,
                                                std::span<char, kCanonicalBytes> scratch) {
  if (!has_canonical_form(id) || request.find(id) == nullptr) return std::nullopt;
  Preferences preferences;
  if (!preferences.read(request, id)) return std::nullopt;
  preferences.sort(id);
  Writer out(scratch);
  for (const Preference& one : preferences.all()) {
    if (&one != preferences.all().data()) out.text(", ");
    out.text(one.name);
    if (one.weight != http::kFullWeight) out.weight(one.weight);
  }
  return out.view();
}

} // namespace selvedge::cache
