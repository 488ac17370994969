// The subcommands of the program. Each returns its exit code: 0 done, 1 configuration or usage, 2
// cannot bind, 3 run-time failure. Messages go to stderr.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::cli {

constexpr int kDone = 0;
constexpr int kBadConfiguration = 1;
constexpr int kCannotBind = 2;
constexpr int kFailed = 3;

struct RunOptions {
  std::string config;
  std::string ready_file;
};
int run(const RunOptions& options);
int check(const std::string& config);

enum class ConfigView { effective, schema, reference };
int show_config(const std::string& config, ConfigView view);

struct DemoOptions {
  std::string bundles; // directory of the embedded origin
  std::string ready_file;
};
int demo(const DemoOptions& options);

enum class Output { text, json };
struct AdminOptions {
  std::string address = "127.0.0.1:9180";
  std::string token_file;
  Output output = Output::text;
};
int status(const AdminOptions& admin);
int drain(const AdminOptions& admin);

struct PurgeOptions {
  std::vector<std::string> urls, tags, groups, prefixes, hosts, bundles;
  bool everything = false;
  bool soft = false;
};
int purge(const AdminOptions& admin, const PurgeOptions& wanted);

int origins(const AdminOptions& admin);
struct WeightOptions {
  std::string origin;
  std::string server;
  std::uint32_t weight = 0; // 0: it gets nothing new
};
int set_weight(const AdminOptions& admin, const WeightOptions& wanted);

struct ExplainOptions {
  std::string url;
  std::string method = "GET";
  std::vector<std::string> headers; // "Name: value"
  std::vector<std::string> as;      // "tier=free,tenant=acme"
  std::string load;                 // empty: as it is
};
int explain(const AdminOptions& admin, const ExplainOptions& asked);

int overload(const AdminOptions& admin);
int economics(const AdminOptions& admin);
struct EventsOptions {
  std::uint64_t after = 0; // the number of an event; those after it are shown
};
int events(const AdminOptions& admin, const EventsOptions& wanted);

struct SignOptions {
  std::string url;
  std::string key_file;
  std::uint64_t seconds = 3600; // that it is good for
  std::string below;            // a path: all below it; empty: the URL alone
  std::string client;           // an address; empty: anybody
  std::string parameter = "selvedge-token";
  Output output = Output::text;
};
int sign_url(const SignOptions& options);

struct PolicyTestOptions {
  std::vector<std::string> files; // of cases
  std::string config;
  Output output = Output::text;
};
// kBadConfiguration also when a case fails.
int test_policy(const PolicyTestOptions& options);

// Of an origin's folder: ORIGIN/NAME/VERSION/PATH.
struct PackOptions {
  std::vector<std::string> sources; // folders and tarballs
  std::string origin;
  std::string name, version;      // empty: what package.json says
  std::vector<std::string> entry; // empty: likewise
  std::string channel;            // empty: `latest`, when it is the greatest release
  std::string released;           // empty: not told
  Output output = Output::text;
};
int pack_bundles(const PackOptions& options);
struct BundleOptions {
  std::string origin;
  std::vector<std::string> bundles; // "NAME", "NAME@VERSION"; none: all
  Output output = Output::text;
};
// kBadConfiguration when something is not what it should be.
int verify_bundles(const BundleOptions& options);
struct ClosureOptions {
  std::string origin;
  std::string bundle; // "NAME", "NAME@SELECTOR"
  bool wants_dependents = false;
  Output output = Output::text;
};
int show_closure(const ClosureOptions& options);

// Of a running node.
struct ReleaseOptions {
  std::string url; // of the route; empty: there is only one
  std::string who; // empty: who runs the command
  std::string why;
  double percent = -1; // of the sessions that get it; negative: all, and it is no canary
  std::vector<std::string> tiers, regions;
  // publish alone:
  std::vector<std::string> bundles; // "NAME@SELECTOR"
  std::vector<std::string> withdrawn;
  std::string channel;
  bool warms = true;
  bool waits = true; // until it is in force
  // rollback alone:
  bool at_once = false;
};
int publish_bundles(const AdminOptions& admin, const ReleaseOptions& wanted);
int promote_release(const AdminOptions& admin, const ReleaseOptions& wanted);
int roll_back(const AdminOptions& admin, const ReleaseOptions& wanted);
int show_releases(const AdminOptions& admin);

} // namespace selvedge::cli
