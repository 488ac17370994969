#include "content_classes.hpp"

#include <selvedge/http/field.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace selvedge::policy {

namespace {

struct Guess {
  std::string_view ending;
  std::string_view type;
};
constexpr auto kGuesses = std::to_array<Guess>({
    {"js", "text/javascript"},    {"css", "text/css"},        {"html", "text/html"},
    {"json", "application/json"}, {"svg", "image/svg+xml"},   {"png", "image/png"},
    {"jpg", "image/jpeg"},        {"jpeg", "image/jpeg"},     {"webp", "image/webp"},
    {"avif", "image/avif"},       {"gif", "image/gif"},       {"woff2", "font/woff2"},
    {"woff", "font/woff"},        {"ttf", "font/ttf"},        {"map", "application/json"},
    {"wasm", "application/wasm"}, {"mjs", "text/javascript"}, {"ico", "image/vnd.microsoft.icon"},
    {"mp4", "video/mp4"},         {"txt", "text/plain"},      {"xml", "application/xml"},
});
static_assert(kGuesses.size() <= 32, "a set has room for 32");

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// An ending as the last bytes of a text, the very last highest: GlobSubject::tail.
constexpr std::uint64_t word_of(std::string_view ending) {
  std::uint64_t word = 0;
  for (const char c : ending) word = word >> 8 | std::uint64_t{static_cast<unsigned char>(c)} << 56;
  return word;
}

// A multiplier, found by trying, that gives each known ending a slot of its own.
constexpr std::uint64_t kSpread = 0x54C56C9A9CC9AF4F;
constexpr unsigned kSlotBits = 6;

constexpr std::size_t slot_of(std::uint64_t word) {
  return static_cast<std::size_t>((word * kSpread) >> (64 - kSlotBits));
}

constexpr std::size_t kNoGuess = 32;

struct Slot {
  std::uint64_t word = 0;
  std::size_t guess = kNoGuess;
};

constexpr std::array<Slot, 1u << kSlotBits> make_slots() {
  std::array<Slot, 1u << kSlotBits> slots{};
  for (std::size_t i = 0; i < kGuesses.size(); ++i) {
    const std::uint64_t word = word_of(kGuesses[i].ending);
    slots[slot_of(word)] = {word, i};
  }
  return slots;
}

constexpr std::array<Slot, 1u << kSlotBits> kSlots = make_slots();
static_assert(std::count_if(kSlots.begin(), kSlots.end(),
                            [](const Slot& slot) { return slot.guess != kNoGuess; }) ==
                  kGuesses.size(),
              "no two share a slot");

// Of kGuesses, or kNoGuess.
std::size_t guess_of(const GlobSubject& path) {
  constexpr std::uint64_t kFold = 0x2020202020202020; // letters to lower case
  for (unsigned length = 2; length <= 5; ++length) {
    if ((path.tail >> (56 - 8 * length) & 0xFF) != '.') continue;
    const std::uint64_t word = (path.tail | kFold) & ~std::uint64_t{0} << (64 - 8 * length);
    const Slot& slot = kSlots[slot_of(word)];
    return slot.word == word ? slot.guess : kNoGuess;
  }
  return kNoGuess;
}

// A media type without its parameters, in lower case. One that is longer than any real one is none.
class PlainType {
public:
  explicit PlainType(std::string_view type) {
    type = http::trim(type.substr(0, type.find(';')));
    if (type.size() > text_.size()) return;
    std::transform(type.begin(), type.end(), text_.begin(), lower);
    length_ = type.size();
  }
  std::string_view text() const { return {text_.data(), length_}; }

private:
  std::array<char, 128> text_; // read as far as it was written
  std::size_t length_ = 0;
};

Globs folded_globs_of(const std::vector<std::string>& patterns) {
  Globs globs;
  for (std::string pattern : patterns) {
    std::transform(pattern.begin(), pattern.end(), pattern.begin(), lower);
    globs.emplace_back(pattern);
  }
  return globs;
}

std::uint32_t guesses_of(const Globs& types) {
  std::uint32_t guesses = 0;
  for (std::size_t i = 0; i < kGuesses.size(); ++i) {
    if (matches_any(types, GlobSubject(kGuesses[i].type))) guesses |= std::uint32_t{1} << i;
  }
  return guesses;
}

} // namespace

std::string_view guessed_type(std::string_view path) {
  const std::size_t guess = guess_of(GlobSubject(path));
  return guess == kNoGuess ? std::string_view{} : kGuesses[guess].type;
}

class ContentClasses::Content {
public:
  Content(std::string_view path, const ContentFacts& facts) : facts_(facts), path_(path) {}

  const GlobSubject& path() const { return path_; }
  const std::optional<std::uint64_t>& size() const { return facts_.size; }
  const GlobSubject& bundle() {
    if (!bundle_) bundle_.emplace(PolicySet::bundle_of(path_.text));
    return *bundle_;
  }
  bool is_of_types(const Entry& entry) {
    if (facts_.type.empty()) return (entry.guesses & guess()) != 0;
    if (!type_) {
      plain_type_.emplace(facts_.type);
      type_.emplace(plain_type_->text());
    }
    return matches_any(entry.types, *type_);
  }

private:
  // As a set of one, or of none.
  std::uint32_t guess() {
    if (!guess_) guess_ = static_cast<std::uint32_t>(std::uint64_t{1} << guess_of(path_));
    return *guess_;
  }

  const ContentFacts& facts_;
  GlobSubject path_;
  std::optional<GlobSubject> bundle_;
  std::optional<std::uint32_t> guess_;
  std::optional<PlainType> plain_type_;
  std::optional<GlobSubject> type_;
};

ContentClasses::ContentClasses(const std::vector<ContentClassOptions>& options) {
  for (const ContentClassOptions& one : options) {
    entries_.push_back(entry_of(one));
    need_content_ |= !one.types.empty() || one.min_size != 0 || one.max_size != 0;
  }
}

ContentClasses::Entry ContentClasses::entry_of(const ContentClassOptions& options) {
  Globs types = folded_globs_of(options.types);
  const std::uint32_t guesses = guesses_of(types);
  return {.is = options.is,
          .has_types = !options.types.empty(),
          .guesses = guesses,
          .min_size = options.min_size,
          .max_size = options.max_size,
          .paths = globs_of(options.paths),
          .bundles = globs_of(options.bundles),
          .types = std::move(types)};
}

bool ContentClasses::holds(const Entry& entry, Content& content) {
  if (entry.min_size != 0 && (!content.size() || *content.size() < entry.min_size)) return false;
  if (entry.max_size != 0 && (!content.size() || *content.size() > entry.max_size)) return false;
  if (entry.has_types && !content.is_of_types(entry)) return false;
  if (!entry.paths.empty() && !matches_any(entry.paths, content.path())) return false;
  return entry.bundles.empty() || matches_any(entry.bundles, content.bundle());
}

ContentClass ContentClasses::class_of(std::string_view path, const ContentFacts& facts) const {
  if (entries_.empty()) return ContentClass::standard;
  Content content(path, facts);
  for (const Entry& entry : entries_) {
    if (holds(entry, content)) return entry.is;
  }
  return ContentClass::standard;
}

} // namespace selvedge::policy
