#include "coding_metrics.hpp"

#include "exposition.hpp"

#include <fmt/format.h>

namespace selvedge::server {

namespace {

using coding::ContentCoding;
using proxy::CodingCounters;

constexpr std::array<ContentCoding, 4> kMade{ContentCoding::br, ContentCoding::zstd,
                                             ContentCoding::gzip, ContentCoding::dcz};

struct CodingFamily {
  std::string_view name, help;
  double (*value)(const CodingCounters&);
};

constexpr std::array<CodingFamily, 5> kFamilies{{
    {"selvedge_coding_variants_total", "Coded variants of stored responses that were made.",
     [](const CodingCounters& c) { return static_cast<double>(c.variants.load()); }},
    {"selvedge_coding_failed_total",
     "Coded variants that were given up: their content was cut off, or nobody wanted it.",
     [](const CodingCounters& c) { return static_cast<double>(c.failed.load()); }},
    {"selvedge_coding_content_bytes_total", "Content that was coded.",
     [](const CodingCounters& c) { return static_cast<double>(c.content_bytes.load()); }},
    {"selvedge_coding_coded_bytes_total", "What it became.",
     [](const CodingCounters& c) { return static_cast<double>(c.coded_bytes.load()); }},
    {"selvedge_coding_thread_seconds_total", "Time of cores that it took.",
     [](const CodingCounters& c) { return static_cast<double>(c.thread_ns.load()) / 1e9; }},
}};

struct AnswersFamily {
  std::string_view name, help;
  std::uint64_t (*value)(const proxy::CodedAnswers&);
};

constexpr std::array<AnswersFamily, 3> kAnswers{{
    {"selvedge_coded_answers_total", "Answers that were sent whole by a coding that was made here.",
     [](const proxy::CodedAnswers& c) { return c.answers.value(); }},
    {"selvedge_coded_answers_sent_bytes_total", "Their content as it was sent.",
     [](const proxy::CodedAnswers& c) { return c.sent_bytes.value(); }},
    {"selvedge_coded_answers_saved_bytes_total", "What their content would have been more.",
     [](const proxy::CodedAnswers& c) { return c.saved_bytes.value(); }},
}};

} // namespace

void write_codings(Exposition& out, const Node& node) {
  for (const CodingFamily& family : kFamilies) {
    out.family(family.name, "counter", family.help);
    for (const ContentCoding coding : kMade) {
      out.sample(family.name, fmt::format("coding=\"{}\"", text_of(coding)),
                 family.value(node.coding_counters(coding)));
    }
  }
  for (const AnswersFamily& family : kAnswers) {
    out.family(family.name, "counter", family.help);
    for (const ContentCoding coding : kMade) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < node.workers(); ++i) {
        sum += family.value(node.proxy_counters(i).coded[static_cast<std::size_t>(coding)]);
      }
      out.sample(family.name, fmt::format("coding=\"{}\"", text_of(coding)),
                 static_cast<double>(sum));
    }
  }
  constexpr std::string_view kNotMade = "selvedge_dictionary_not_made_total";
  const proxy::Differences::Counters& differences = node.difference_counters();
  out.family(kNotMade, "counter",
             "Differences to what clients have that were wanted and not made, by why.");
  out.sample(kNotMade, "reason=\"unknown\"", static_cast<double>(differences.unknown.load()));
  out.sample(kNotMade, "reason=\"too-large\"", static_cast<double>(differences.too_large.load()));
  out.sample(kNotMade, "reason=\"full\"", static_cast<double>(differences.full.load()));
}

} // namespace selvedge::server
