// The miss ratios of every eviction policy on traces of requests: ./selvedge_evict TRACE...
#include "replay.hpp"
#include "report.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <map>

using namespace selvedge;
using namespace selvedge::bench;

namespace {

struct Options {
  std::vector<std::string> traces;
  std::vector<double> shares{0.1, 1, 10}; // percent of the unique bytes
  std::vector<std::string> policies{"lru_exact", "lru", "s3_fifo", "gdsf"};
  std::vector<double> exponents{cache::Store::Options{}.eviction_size_exponent};
  double max_object = 100; // percent of the cache
  std::size_t stripes = cache::Store::Options{}.stripes;
  std::string accounting = "content";
  std::string output = "table";
};

const std::map<std::string, cache::Eviction> kPolicies{{"lru", cache::Eviction::lru},
                                                       {"s3_fifo", cache::Eviction::s3_fifo},
                                                       {"gdsf", cache::Eviction::gdsf}};
const std::map<std::string, Accounting> kAccountings{{"content", Accounting::content},
                                                     {"real", Accounting::real}};
constexpr const char* kExactLru = "lru_exact";

void declare(CLI::App& app, Options& options) {
  std::vector<std::string> policies{kExactLru};
  for (const auto& [name, policy] : kPolicies) policies.push_back(name);
  app.add_option("traces", options.traces, "CSV files, \"time,key,size\" a line, or such .gz files")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--sizes", options.shares, "of the cache, in percent of the trace's unique bytes")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0.0001, 100.0))
      ->capture_default_str();
  app.add_option("--policies", options.policies,
                 "lru_exact is no policy of the node but a reference")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(policies))
      ->capture_default_str();
  app.add_option("--exponents", options.exponents, "cache.eviction_size_exponent, for gdsf")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  app.add_option("--max-object", options.max_object,
                 "larger objects are not stored, as by cache.max_object; in percent of the cache")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--stripes", options.stripes, "cache.stripes, a power of two")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--accounting", options.accounting,
                 "content: sizes as in the trace; real: all that the node holds for an object")
      ->check(CLI::IsMember(kAccountings))
      ->capture_default_str();
  app.add_option("-o,--output", options.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

std::vector<Misses> run(const Trace& trace, const Options& options, const std::string& policy,
                        double exponent) {
  std::vector<Misses> misses;
  for (const double share : options.shares) {
    ReplayOptions replayed;
    replayed.capacity = capacity_of(trace.unique_bytes, share);
    replayed.max_object = static_cast<std::uint64_t>(static_cast<double>(replayed.capacity) *
                                                     options.max_object / 100);
    replayed.accounting = kAccountings.at(options.accounting);
    replayed.store.stripes = options.stripes;
    if (policy == kExactLru) {
      misses.push_back(replay_exact_lru(trace, replayed.capacity));
      continue;
    }
    replayed.store.eviction = kPolicies.at(policy);
    replayed.store.eviction_size_exponent = exponent;
    misses.push_back(replay(trace, replayed));
  }
  return misses;
}

Report measure(const std::string& path, const Options& options) {
  const Trace trace = read_trace(path);
  Report report;
  report.trace = trace.name;
  report.requests = trace.requests.size();
  report.requested_bytes = trace.requested_bytes;
  report.objects = trace.objects.size();
  report.unique_bytes = trace.unique_bytes;
  report.changes = trace.changes;
  report.accounting = options.accounting;
  report.stripes = options.stripes;
  report.shares = options.shares;
  for (const std::string& policy : options.policies) {
    if (policy != "gdsf") {
      report.rows.push_back({policy, {}, run(trace, options, policy, 1)});
      continue;
    }
    for (const double exponent : options.exponents) {
      report.rows.push_back({policy, exponent, run(trace, options, policy, exponent)});
    }
  }
  return report;
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Replays traces of requests through the store with each eviction policy and tells "
               "what share of requests and of bytes was not there.");
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  if ((options.stripes & (options.stripes - 1)) != 0) {
    std::cerr << "selvedge_evict: --stripes must be a power of two\n";
    return 2;
  }
  try {
    std::vector<Report> reports;
    for (const std::string& path : options.traces) {
      Report report = measure(path, options);
      if (options.output == "table") print_table(report);
      reports.push_back(std::move(report));
    }
    if (options.output == "json") print_json(reports);
  } catch (const std::exception& error) {
    std::cerr << "selvedge_evict: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
