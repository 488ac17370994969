// A request over HTTP/2 with any fields and any content, well-formed or not, reaches an HTTP/1.1
// server as exactly one request, or not at all; it is the one that was asked for, and its framing
// is ours. The input are lines: "name value", with names that may begin with a colon; after an
// empty line comes the content. "\xff" stands for a line feed within a value.
#include <tests/fuzz/proxy_under_fuzz.hpp>
#include <tests/support/h2_frames.hpp>

#include <algorithm>

using namespace selvedge;
namespace h2 = selvedge::test::h2;

namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kLongest = 126; // of a literal whose length is one byte

Lines fields_of(fuzz::Input& input) {
  Lines fields;
  for (;;) {
    std::string line(input.line());
    if (line.empty() || fields.size() == 40) return fields;
    std::ranges::replace(line, '\xff', '\n');
    const std::size_t space = line.find(' ', 1);
    const std::string value = space == line.npos ? std::string() : line.substr(space + 1);
    fields.emplace_back(line.substr(0, std::min(space, kLongest)), value.substr(0, kLongest));
  }
}

std::string value_of(const Lines& fields, std::string_view name) {
  for (const auto& [its, value] : fields) {
    if (its == name) return value;
  }
  return {};
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::ProxyUnderFuzz proxy;
  fuzz::Input input(data, size);
  const std::size_t choice = input.number();
  const Lines fields = fields_of(input);
  const std::string content(input.rest().substr(0, 16000));
  const bool has_content = !content.empty() || choice % 2 == 1;
  const std::string block = h2::block(fields);
  if (block.size() > 16000) return 0;
  std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2::settings();
  bytes += h2::headers(1, block, h2::kEndHeaders | (has_content ? 0u : h2::kEndStream));
  if (has_content) bytes += h2::data(1, content, h2::kEndStream);
  const auto requests = proxy.pass_on(bytes, bytes.size());
  fuzz::require(requests.size() <= 1, "one request is one request");
  if (requests.empty()) return 0;
  const test::StrictRequest& request = requests.front();
  fuzz::require(request.method == value_of(fields, ":method"), "the method is the client's");
  fuzz::require(request.content == content, "the content is the client's");
  fuzz::require(request.count("connection") == 0 || request.value("connection") == "close",
                "nothing of the client's concerns the connection");
  fuzz::require(request.count("upgrade") + request.count("te") + request.count("keep-alive") == 0,
                "nor do the other fields of a hop");
  return 0;
}
