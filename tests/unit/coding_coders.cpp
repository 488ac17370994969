#include <tests/support/catch.hpp>
#include <tests/support/coded.hpp>

#include <random>

using namespace selvedge;
using coding::ContentCoding;
using test::coded;
using test::decoded;

namespace {

constexpr ContentCoding kAll[] = {ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd};

// What compresses, of that many bytes.
std::string content_of(std::size_t size) {
  std::mt19937 random(size);
  std::string text;
  while (text.size() < size) {
    text.append("export function part").append(std::to_string(random() % 50)).append("(){}\n");
  }
  text.resize(size);
  return text;
}

std::string noise_of(std::size_t size) {
  std::mt19937 random(size);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

} // namespace

TEST_CASE("what is coded is decoded to the same, whatever the pieces", "[coding]") {
  const ContentCoding coding = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 2, 100, 4095, 4096, 4097, 70000);
  const std::size_t piece = GENERATE(as<std::size_t>{}, 1, 7, 4096, test::kAnyPiece);
  const std::size_t room = GENERATE(as<std::size_t>{}, 1, 3, 4096);
  if (size > 5000 && (piece < 4096 || room < 4096)) return; // it says no more
  const std::string content = GENERATE_COPY(content_of(size), noise_of(size));
  coding::EncoderOptions options;
  options.level = GENERATE(1, 5);
  const std::string text = coded(content, coding, options, piece, room);
  const auto back = decoded(text, coding, {}, piece, room);
  REQUIRE(back);
  CHECK(back->is_whole);
  CHECK(back->left.empty());
  CHECK((back->content == content)); // it would be printed
}

TEST_CASE("the length may be known beforehand, and every level does", "[coding]") {
  const ContentCoding coding = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  const std::string content = content_of(20000);
  const coding::LevelBounds bounds = coding::level_bounds(coding);
  for (int level = bounds.least; level <= bounds.most + 1; ++level) {
    coding::EncoderOptions options;
    options.level = level;
    options.length = content.size();
    const std::string text = coded(content, coding, options);
    CHECK(text.size() < content.size() / 5);
    const auto back = decoded(text, coding);
    REQUIRE(back);
    CHECK((back->content == content));
  }
}

TEST_CASE("coded content that is cut anywhere is not whole", "[coding]") {
  const ContentCoding coding = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  const std::string content = content_of(3000);
  const std::string text = coded(content, coding);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto back = decoded(std::string_view(text).substr(0, size), coding);
    if (!back) continue;
    CHECK_FALSE(back->is_whole);
    CHECK((content.starts_with(back->content)));
  }
}

TEST_CASE("coded content of which a byte is another is refused, or cut off, or whole", "[coding]") {
  const ContentCoding coding = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  const std::string content = content_of(3000);
  const std::string text = coded(content, coding);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string bad = text;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    const auto back = decoded(bad, coding);
    if (!back || !back->is_whole) ++refused;
  }
  CHECK(refused > text.size() / 4);
}

TEST_CASE("RFC 1952, 2.2; RFC 8878, 3.1: members and frames that follow are of one content",
          "[coding]") {
  const ContentCoding coding = GENERATE(ContentCoding::gzip, ContentCoding::zstd);
  const std::string text = coded("one ", coding) + coded("two", coding);
  const std::size_t piece = GENERATE(as<std::size_t>{}, 1, 5, test::kAnyPiece);
  const auto back = decoded(text, coding, {}, piece);
  REQUIRE(back);
  CHECK(back->is_whole);
  CHECK(back->content == "one two");
}

TEST_CASE("what follows the end is no content", "[coding]") {
  const auto gzip = decoded(coded("one", ContentCoding::gzip) + "junk", ContentCoding::gzip);
  CHECK((!gzip || !gzip->is_whole));
  const auto zstd = decoded(coded("one", ContentCoding::zstd) + "junk", ContentCoding::zstd);
  CHECK((!zstd || !zstd->is_whole));
  const std::string sent = coded("one", ContentCoding::br) + "junk"; // what is left is part of it
  const auto br = decoded(sent, ContentCoding::br);
  CHECK((!br || br->left == "junk"));
}

TEST_CASE("a little coded content that is much is refused", "[coding]") {
  const ContentCoding coding = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  coding::EncoderOptions best;
  best.level = 9;
  const std::string bomb = coded(std::string(10u << 20, 'a'), coding, best);
  CHECK(bomb.size() < 20000);
  coding::DecoderLimits limits;
  limits.content_bytes = 1u << 20;
  base::ErrorCode error{};
  CHECK_FALSE(decoded(bomb, coding, limits, test::kAnyPiece, 4096, &error));
  CHECK(error == base::ErrorCode::too_large);
}

TEST_CASE("RFC 9659: a frame may not ask for a window that is too large", "[coding]") {
  coding::DecoderLimits limits;
  limits.window_bytes = 1u << 20;
  coding::EncoderOptions options;
  options.level = 19; // 8 MiB
  const std::string text = coded(noise_of(3u << 20), ContentCoding::zstd, options);
  CHECK_FALSE(decoded(text, ContentCoding::zstd, limits));
  CHECK(decoded(text, ContentCoding::zstd));
}

namespace {

// The next version of that content: a few lines are others.
std::string next_version(std::string text) {
  for (std::size_t at = 500; at + 20 < text.size(); at += 3000) text.replace(at, 6, "number");
  return text;
}

constexpr std::array<unsigned char, 32> kDigest{1, 2, 3};

} // namespace

TEST_CASE("RFC 9842, 5: a difference is decoded with its dictionary, whatever the pieces",
          "[coding]") {
  const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 100, 4096, 70000);
  const std::size_t piece = GENERATE(as<std::size_t>{}, 1, 4096, test::kAnyPiece);
  const std::size_t room = GENERATE(as<std::size_t>{}, 1, 39, 40, 4096);
  if (size > 5000 && (piece < 4096 || room < 4096)) return; // it says no more
  const std::string content = GENERATE_COPY(content_of(size), noise_of(size));
  const std::string dictionary = GENERATE_COPY(std::string("x"), next_version(content) + "!");
  coding::EncoderOptions options;
  options.level = GENERATE(1, 19);
  options.dictionary = dictionary;
  options.dictionary_digest = kDigest;
  if (GENERATE(false, true)) options.length = content.size();
  const std::string text = coded(content, ContentCoding::dcz, options, piece, room);
  const auto back = test::decoded_by(dictionary, kDigest, text);
  REQUIRE(back);
  CHECK((*back == content));
  CHECK_FALSE(test::decoded_by(dictionary, {}, text)); // another one
  if (dictionary.size() > 5000) CHECK(text.size() < (size / 20));
}

TEST_CASE("a difference that is cut anywhere is none", "[coding]") {
  const std::string content = content_of(3000);
  const std::string dictionary = next_version(content);
  coding::EncoderOptions options;
  options.dictionary = dictionary;
  const std::string text = coded(content, ContentCoding::dcz, options);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(test::decoded_by(dictionary, {}, std::string_view(text).substr(0, size)));
  }
}

TEST_CASE("RFC 9842, 5: all of a large dictionary is in reach of clients' windows", "[coding]") {
  const std::string dictionary = noise_of(5u << 20);
  const std::string content = dictionary.substr(0, 300000) + "new";
  coding::EncoderOptions options;
  options.level = 3;
  options.dictionary = dictionary;
  options.length = content.size();
  const std::string text = coded(content, ContentCoding::dcz, options);
  CHECK(text.size() < 5000);
  CHECK(test::decoded_by(dictionary, {}, text) == content);
}

TEST_CASE("without a dictionary there is no difference", "[coding]") {
  CHECK(coding::make_encoder(ContentCoding::dcz, {}) == nullptr);
}
