// Whatever an HTTP/1.1 client sends: what reaches the server behind the proxy are requests by the
// letter of RFC 9112, no more of them than there were answers, and the same ones however the bytes
// were cut.
#include <tests/fuzz/proxy_under_fuzz.hpp>

using namespace selvedge;

namespace {

std::string text_of(const std::vector<test::StrictRequest>& requests) {
  std::string text;
  for (const test::StrictRequest& one : requests) {
    text += one.method + " " + one.target + "\n";
    for (const auto& [name, value] : one.fields) text += name + ": " + value + "\n";
    text += one.content + "\n";
  }
  return text;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::ProxyUnderFuzz proxy;
  fuzz::Input input(data, size);
  const std::size_t piece = 1 + input.number() % 64;
  const std::string_view bytes = input.rest();
  if (bytes.starts_with("PRI ")) return 0; // fuzz_h2_to_h1
  const auto whole = proxy.pass_on(bytes, bytes.size() + 1);
  const std::string answers = proxy.answers();
  std::size_t heads = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 ", at)) != answers.npos; ++at) ++heads;
  fuzz::require(whole.size() <= heads, "each request that was passed on had its answer");
  fuzz::require(text_of(proxy.pass_on(bytes, piece)) == text_of(whole), "a cut changes nothing");
  return 0;
}
