#include "document.hpp"

#include "text_rules.hpp"
#include "units.hpp"

#include <selvedge/base/file_text.hpp>
#include <selvedge/config/load.hpp>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>

namespace selvedge::config {
namespace {

constexpr std::size_t kFileBytes = 4u << 20; // nobody writes more by hand

// The place of a byte, as an editor counts it.
Where place_of(std::string_view text, std::size_t offset, const Reading& reading) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  Where where = reading.place(YAML::Mark{});
  where.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  where.column =
      1 + static_cast<int>(newline == std::string_view::npos ? offset : offset - newline - 1);
  return where;
}

// Counts documents and keeps where the content of the last one begins.
class DocumentCount final : public YAML::EventHandler {
public:
  int count = 0;
  YAML::Mark last;

private:
  void begin(const YAML::Mark& mark) {
    if (has_content_) return;
    has_content_ = true;
    last = mark;
  }
  void OnDocumentStart(const YAML::Mark& mark) override {
    ++count;
    last = mark;
    has_content_ = false;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { begin(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { begin(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    begin(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    begin(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    begin(mark);
  }
  void OnMapEnd() override {}

  bool has_content_ = false;
};

// The first two are enough. YAML::LoadAll would not end where no document can begin, at ",":
// yaml-cpp finds one empty document after the other.
DocumentCount count_documents(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  DocumentCount documents;
  if (parser.HandleNextDocument(documents)) parser.HandleNextDocument(documents);
  return documents;
}

} // namespace

boost::system::result<std::string> text_in(const std::string& file) {
  return base::file_text(file, kFileBytes + 1);
}

std::string read_source(const std::string& name) {
  boost::system::result<std::string> text = text_in(name);
  if (!text) throw ConfigError(name + ": cannot be read: " + text.error().message());
  return *std::move(text);
}

std::optional<YAML::Node> document(std::string_view text, Reading& reading) {
  const Where start = reading.place(YAML::Mark{});
  if (text.size() > kFileBytes) {
    reading.fail(start, "", "larger than " + bytes_text(kFileBytes));
    return std::nullopt;
  }
  if (const std::size_t bad = first_unprintable(text); bad != std::string_view::npos) {
    reading.fail(place_of(text, bad, reading), "",
                 "not text: a control character, or not UTF-8 (YAML 1.2, 5.1)");
    return std::nullopt;
  }
  try {
    const DocumentCount documents = count_documents(text);
    if (documents.count < 2) return YAML::Load(std::string(text));
    reading.fail(reading.place(documents.last), "", "a second document; one file holds one");
  } catch (const YAML::DeepRecursion& error) {
    reading.fail(reading.place(error.mark), "", "nested too deeply");
  } catch (const YAML::Exception& error) {
    reading.fail(reading.place(error.mark), "", "not YAML: " + error.msg);
  }
  return std::nullopt;
}

} // namespace selvedge::config
