// Any text is a configuration or a ConfigError; what is written of a configuration reads back as
// the same.
#include <selvedge/config/load.hpp>
#include <tests/fuzz/fuzz.hpp>

#include <string>

using namespace selvedge;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  config::Config read;
  try {
    read = config::parse(text, "fuzz.yaml");
  } catch (const config::ConfigError& error) {
    fuzz::require(std::string_view(error.what()).find("fuzz.yaml") != std::string_view::npos,
                  "an error names the file");
    return 0;
  }
  const std::string written = config::to_yaml(read);
  const config::Config again = config::parse(written, "written.yaml");
  fuzz::require(config::to_yaml(again) == written, "what is written reads back as the same");
  fuzz::require(config::differences(read, again).empty(), "there are no differences");
  return 0;
}
