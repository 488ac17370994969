// A response that is complete reads the same in one piece and cut in two.
#include <tests/fuzz/fuzz.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t choice = input.number();
  const std::string_view text = input.rest();
  test::Feeding whole{.limits = {.head_bytes = 2000, .fields = 20, .target_bytes = 0}};
  whole.is_for_head = choice % 7 == 0;
  whole.then_ends = choice % 2 == 0;
  test::Feeding parts = whole;
  parts.cut = text.empty() ? 0 : (choice / 14) % text.size();
  const test::Read one = test::read_response(text, whole);
  const test::Read two = test::read_response(text, parts);
  if (one.is_done || two.is_done) fuzz::require(one == two, "a cut changes nothing");
  if (!one.is_done) return 0;
  fuzz::require(one.text.find('\r') == std::string::npos, "no CR in a head");
  if (whole.is_for_head) fuzz::require(one.content.empty(), "no content for HEAD");
  return 0;
}
