// Whatever a Range says: what is selected lies within the representation and apart from each
// other, and the content made of it has the length that is announced.
#include <selvedge/http/byte_range.hpp>
#include <src/proxy/range_source.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <algorithm>
#include <array>
#include <string>

using namespace selvedge;
using namespace selvedge::http;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

void check_selection(const RangeSelection& selection, std::uint64_t length) {
  fuzz::require((selection.kind == RangeSelection::Kind::partial) == !selection.ranges.empty(),
                "a partial answer has ranges");
  fuzz::require(selection.ranges.size() <= kMaxRanges, "not too many ranges");
  auto sorted = selection.ranges;
  std::sort(sorted.begin(), sorted.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    fuzz::require(sorted[i].first <= sorted[i].last, "a range has a byte");
    fuzz::require(sorted[i].last < length, "a range is within the representation");
    if (i > 0) fuzz::require(sorted[i - 1].last + 1 < sorted[i].first, "ranges are apart");
  }
}

std::string content_of(cache::Body& body, const RangeSelection& selection, std::size_t length,
                       std::size_t step) {
  cache::BodyReader reader(body);
  base::Arena arena;
  proxy::RangeSource source(reader, {selection.ranges.data(), selection.ranges.size()}, length,
                            "text/plain", arena);
  std::string content;
  std::array<std::string_view, 3> views;
  for (;;) {
    const auto found = source.peek(views);
    if (found.state != BodyState::ready) {
      fuzz::require(found.state == BodyState::end, "a complete body ends well");
      fuzz::require(content.size() == source.content_length(), "as long as announced");
      return content;
    }
    const std::string_view piece = views[0].substr(0, step);
    content.append(piece);
    source.consume(piece.size());
  }
}

void read_content(const RangeSelection& selection, std::size_t length, std::size_t step) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * 31 % 251);
  const boost::intrusive_ptr<cache::Body> body(new cache::Body({}));
  body->append(text);
  body->finish();
  const std::string content = content_of(*body, selection, length, step);
  for (const ByteRange& range : selection.ranges) {
    const std::string_view wanted = std::string_view(text).substr(range.first, range.size());
    fuzz::require(content.find(wanted) != std::string::npos, "every range is in the content");
  }
  if (selection.ranges.size() == 1) {
    fuzz::require(content.size() == selection.ranges[0].size(), "one range is the content");
  }
}

void read_content_range(std::string_view text) {
  const auto content = parse_content_range(text);
  if (!content) return;
  fuzz::require(content->range.first <= content->range.last, "a range has a byte");
  if (!content->complete_length) return;
  fuzz::require(content->range.last < *content->complete_length, "a range is within the whole");
  base::Arena arena;
  const auto written = proxy::content_range_text(content->range, *content->complete_length, arena);
  const auto again = parse_content_range(written);
  fuzz::require(again && again->range == content->range, "it reads back as the same");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t length = input.number() % 10000;
  const std::size_t step = 1 + input.number() % 5000;
  const std::string_view text = input.rest();
  const RangeSelection selection = select_ranges(text, length);
  check_selection(selection, length);
  check_selection(select_ranges(text, ~std::uint64_t{0} - length), ~std::uint64_t{0} - length);
  if (!selection.ranges.empty()) read_content(selection, length, step);
  read_content_range(text);
  FieldList request;
  request.add(FieldName::if_range, text);
  const bool holds = if_range_holds(request, text, {}, {}, kNow);
  fuzz::require(!holds || text.find('"') != std::string_view::npos, "only a tag holds here");
  return 0;
}
