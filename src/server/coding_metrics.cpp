#include "coding_metrics.hpp"

#include "exposition.hpp"

#include <fmt/format.h>

namespace selvedge::server {

namespace {

using coding::ContentCoding;
using proxy::CodingCounters;

constexpr std::array<ContentCoding, 3> kMade{ContentCoding::br, ContentCoding::zstd,
                                             ContentCoding::gzip};

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

} // namespace

void write_codings(Exposition& out, const Node& node) {
  for (const CodingFamily& family : kFamilies) {
    out.family(family.name, "counter", family.help);
    for (const ContentCoding coding : kMade) {
      out.sample(family.name, fmt::format("coding=\"{}\"", text_of(coding)),
                 family.value(node.coding_counters(coding)));
    }
  }
}

} // namespace selvedge::server
