// A request that is accepted reads the same in one piece and cut in two, and has passed the rules
// about its head.
#include <selvedge/codec/request_check.hpp>
#include <tests/fuzz/fuzz.hpp>
#include <tests/support/h1_feeding.hpp>

using namespace selvedge;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t choice = input.number();
  const std::string_view text = input.rest();
  const test::Feeding whole{.limits = {.head_bytes = 2000, .fields = 20, .target_bytes = 500}};
  test::Feeding parts = whole;
  parts.cut = text.empty() ? 0 : choice % text.size();
  const test::Read one = test::read_request(text, whole);
  const test::Read two = test::read_request(text, parts);
  // What is refused may be found out sooner or later; what is accepted must be the same message.
  if (one.is_done || two.is_done) fuzz::require(one == two, "a cut changes nothing");
  if (!one.is_done) return 0;
  fuzz::require(one.text.find('\r') == std::string::npos, "no CR in a head");
  fuzz::require(one.text.find('\0') == std::string::npos, "no NUL in a head");
  fuzz::require(one.used <= text.size(), "no more used than given");
  return 0;
}
