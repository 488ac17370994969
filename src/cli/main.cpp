#include "bundle_commands.hpp"
#include "commands.hpp"
#include "common_options.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <map>
#include <memory>

namespace {

using namespace selvedge::cli;

// Each add_... makes a subcommand; running it sets the exit code. Its options live as long as it.

CLI::Option* add_config(CLI::App& command, std::string& path) {
  return command.add_option("-c,--config", path, "YAML file, or a directory of *.yaml files");
}

void add_run(CLI::App& app, int& code) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Serve in the foreground");
  add_config(*command, options->config)->required();
  command->add_option("--ready-file", options->ready_file,
                      "write pid and bound addresses here, as JSON, once ready");
  command->footer(
      "Signals: HUP reload, USR1 reopen logs, USR2 start the program again on the same\n"
      "sockets and drain (a newer one, when it was replaced), QUIT drain, TERM and INT "
      "stop.");
  command->callback([options, &code] { code = run(*options); });
}

void add_check(CLI::App& app, int& code) {
  const auto config = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("check", "Read a configuration and open all that it names");
  add_config(*command, *config)->required();
  command->callback([config, &code] { code = check(*config); });
}

void add_show_config(CLI::App& app, int& code) {
  struct Options {
    std::string config;
    bool wants_schema = false;
    bool wants_reference = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("config", "Show the effective configuration, defaults written out");
  add_config(*command, options->config);
  command->add_flag("--schema", options->wants_schema, "a JSON Schema for editors");
  command->add_flag("--reference", options->wants_reference, "every key with its text, as YAML");
  command->callback([options, &code] {
    const ConfigView view = options->wants_schema      ? ConfigView::schema
                            : options->wants_reference ? ConfigView::reference
                                                       : ConfigView::effective;
    code = show_config(options->config, view);
  });
}

void add_demo(CLI::App& app, int& code) {
  const auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand(
      "demo", "Serve two example bundles on free loopback ports, and say how to ask for them");
  command->add_option("--bundles", options->bundles, "directory to serve instead");
  command->add_option("--ready-file", options->ready_file, "as for run");
  command->callback([options, &code] { code = demo(*options); });
}

void add_purge(CLI::App& app, AdminOptions& admin, int& code) {
  const auto wanted = std::make_shared<PurgeOptions>();
  CLI::App* command = app.add_subcommand(
      "purge", "Make a running node forget stored responses, or hold them for stale");
  add_admin(*command, admin);
  command->add_option("urls", wanted->urls, "absolute URLs, as clients ask for them: all variants");
  add_list(*command, "--tag", wanted->tags, "TAG",
           "of Surrogate-Key, xkey or Cache-Tag in answers, on every host");
  add_list(*command, "--group", wanted->groups, "'ORIGIN NAME'",
           "of Cache-Groups in that origin's answers (RFC 9875)");
  add_list(*command, "--prefix", wanted->prefixes, "HOST/PATH",
           "that path with any query, and everything below it");
  add_list(*command, "--host", wanted->hosts, "HOST[:PORT]", "whatever the scheme");
  add_list(*command, "--bundle", wanted->bundles, "NAME[@VERSION]",
           "and what was released with that version in it");
  command->add_flag("--all", wanted->everything, "everything");
  command->add_flag("--soft", wanted->soft,
                    "do not remove, make stale: the origin is asked before the next use");
  command->footer(
      "Examples:\n"
      "  selvedge purge https://www.example.com/index.html     one page, all its variants\n"
      "  selvedge purge --tag product-17 --tag front-page      what carries one of the tags\n"
      "  selvedge purge --prefix www.example.com/blog --soft   a part of a site, gently\n"
      "  selvedge purge --group 'https://www.example.com scripts'\n"
      "  selvedge purge --all\n"
      "A purge is in force when the command ends, also over what is being fetched meanwhile. It\n"
      "says how many stored responses it concerned; 0 is no error: nothing was stored by that\n"
      "name. What a URL is stored under, a route's `key` and `normalize` say.");
  command->callback([wanted, &admin, &code] { code = purge(admin, *wanted); });
}

void add_explain(CLI::App& app, AdminOptions& admin, int& code) {
  const auto asked = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "Why a request to a running node would be a hit or a miss, rule by rule");
  add_admin(*command, admin);
  command->add_option("url", asked->url, "absolute URL, as a client asks for it")->required();
  command->add_option("-X,--request", asked->method, "method")->capture_default_str();
  add_list(*command, "-H,--header", asked->headers, "'NAME: VALUE'", "of the request");
  add_list(*command, "--as", asked->as, "KEY=VALUE,...",
           "who asks: tier, tenant, region, listener, client; else the request says it");
  command->add_option("--load", asked->load, "calm, elevated, high or critical; else as it is")
      ->check(CLI::IsMember({"calm", "elevated", "high", "critical"}));
  command->footer(
      "Examples:\n"
      "  selvedge explain https://www.example.com/index.html\n"
      "  selvedge explain https://www.example.com/app.js -H 'Accept-Encoding: br'\n"
      "  selvedge explain http://www.example.com/ -X HEAD -H 'Cache-Control: max-age=5'\n"
      "  selvedge explain https://www.example.com/app.js --as tier=free --load critical\n"
      "  selvedge explain http://www.example.com/ --as client=10.1.2.3,listener=http\n"
      "  selvedge explain http://www.example.com/ -o json\n"
      "It sends no request and changes nothing: it says what the node would do now, which stored\n"
      "response it would use, how old that is and why it is fresh or stale, with the section of\n"
      "the RFC that says so; who the policy takes the client for, which of its rules decides "
      "what,\n"
      "and why the others do not. Limits of a tenant are shown, not used up.");
  command->callback([asked, &admin, &code] { code = explain(admin, *asked); });
}

void add_server(CLI::App& command, WeightOptions& wanted) {
  command.add_option("origin", wanted.origin, "name of the origin")->required();
  command.add_option("server", wanted.server, "its address, as configured")->required();
  command.fallthrough(); // --admin and its like may come last
}

void add_origins(CLI::App& app, AdminOptions& admin, int& code) {
  const auto wanted = std::make_shared<WeightOptions>();
  CLI::App* command =
      app.add_subcommand("origins", "Origins of a running node, their servers, who is asked");
  add_admin(*command, admin);
  command->require_subcommand(0, 1);
  CLI::App* set = command->add_subcommand("set", "Give a server another weight");
  add_server(*set, *wanted);
  set->add_option("--weight", wanted->weight, "0: it gets nothing new")->required();
  CLI::App* drained = command->add_subcommand("drain", "Give a server nothing new");
  add_server(*drained, *wanted);
  command->footer(
      "Examples:\n"
      "  selvedge origins                                   all of them, as a table\n"
      "  selvedge origins drain app 10.0.0.7:80             before that server is stopped\n"
      "  selvedge origins set app 10.0.0.7:80 --weight 2    when it is back\n"
      "A weight set here is in force until the next reload or restart: then the configuration's\n"
      "is again. What a drained server was asked before, it answers in peace.");
  command->callback([command, wanted, &admin, &code] {
    code = command->get_subcommands().empty() ? origins(admin) : set_weight(admin, *wanted);
  });
}

void add_overload(CLI::App& app, AdminOptions& admin, int& code) {
  CLI::App* command = app.add_subcommand(
      "overload", "How busy a running node is, who waits, who is served and who is turned away");
  add_admin(*command, admin);
  command->footer(
      "Examples:\n"
      "  selvedge overload\n"
      "  selvedge overload -o json | jq .tiers.premium\n"
      "LEVEL says what a worker does: calm, elevated (background work waits), high (free clients\n"
      "get older answers), critical (some are turned away). ADMITTED is the highest level that is\n"
      "let in, of 0 to 255: 64 of them are one importance, premium first. WAIT is the mean time\n"
      "from being ready to a turn. What the node did about its load, `selvedge events` tells.");
  command->callback([&admin, &code] { code = overload(admin); });
}

void add_economics(CLI::App& app, AdminOptions& admin, int& code) {
  CLI::App* command = app.add_subcommand(
      "economics", "What the deliveries of a running node were worth, and what they cost");
  add_admin(*command, admin);
  command->footer(
      "Examples:\n"
      "  selvedge economics\n"
      "  selvedge economics -o json | jq .totals\n"
      "By tier, then by bundle (the first part of the path), the most valuable first. Values are\n"
      "the policy's `tiers[].value`, costs its `economics`; LOST is the value of requests that\n"
      "were turned away or failed.");
  command->callback([&admin, &code] { code = economics(admin); });
}

void add_events(CLI::App& app, AdminOptions& admin, int& code) {
  const auto wanted = std::make_shared<EventsOptions>();
  CLI::App* command = app.add_subcommand(
      "events", "What a running node did about its load: which knob moved, and why");
  add_admin(*command, admin);
  command->add_option("--after", wanted->after, "only those after the event of this number");
  command->footer(
      "Examples:\n"
      "  selvedge events\n"
      "  selvedge events --after 17\n"
      "The last 512 are kept. A number that is missing at the front has been forgotten.");
  command->callback([wanted, &admin, &code] { code = events(admin, *wanted); });
}

void add_status(CLI::App& app, AdminOptions& admin, int& code) {
  CLI::App* command = app.add_subcommand("status", "What a running node is doing");
  add_admin(*command, admin);
  command->callback([&admin, &code] { code = status(admin); });
}

void add_drain(CLI::App& app, AdminOptions& admin, int& code) {
  CLI::App* command = app.add_subcommand("drain", "Let a running node end gracefully");
  add_admin(*command, admin);
  command->callback([&admin, &code] { code = drain(admin); });
}

void add_sign(CLI::App& app, int& code) {
  const auto options = std::make_shared<SignOptions>();
  CLI::App* command = app.add_subcommand(
      "sign", "Make a URL that routes with access.signed_urls admit, until a time");
  command->add_option("url", options->url, "absolute URL, as clients will ask for it")->required();
  command->add_option("--key-file", options->key_file, "as the configuration has it")->required();
  const std::map<std::string, std::uint64_t> units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  command->add_option("--for", options->seconds, "how long it is good: 90s, 30m, 12h, 7d")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE, "TIME"))
      ->default_str("1h");
  command->add_option("--below", options->below, "a path: the token is good for all below it")
      ->type_name("PATH");
  command->add_option("--client", options->client, "an address: for no other")
      ->type_name("ADDRESS");
  command->add_option("--parameter", options->parameter, "as the configuration has it")
      ->capture_default_str();
  add_output(*command, options->output);
  command->footer(
      "Examples:\n"
      "  echo \"k1 $(openssl rand -hex 32)\" > url-keys\n"
      "  selvedge sign https://cdn.example.com/pro/icons.svg --key-file url-keys --for 12h\n"
      "  selvedge sign https://cdn.example.com/pro/app.js --below /pro/ --key-file url-keys\n"
      "The token of --below may also come in a cookie named as the parameter, which relative URLs\n"
      "of a page need. How a token is made, for programs of your own: README, Access.");
  command->callback([options, &code] { code = sign_url(*options); });
}

void add_policy(CLI::App& app, int& code) {
  const auto options = std::make_shared<PolicyTestOptions>();
  CLI::App* command = app.add_subcommand("policy", "What a policy makes of requests");
  command->require_subcommand(1);
  CLI::App* test = command->add_subcommand("test", "Try cases, as unit tests of a policy");
  test->add_option("files", options->files, "YAML files with cases")->required();
  add_config(*test, options->config)->required();
  add_output(*test, options->output);
  test->footer(
      "A file of cases:\n"
      "  cases:\n"
      "    - name: free clients are turned away at last\n"
      "      request: https://www.example.com/app.js    # or a section: method, headers, client\n"
      "      as: {tier: free}                           # else the request says who asks\n"
      "      load: critical\n"
      "      expect: {class: core, shed: 503, rule: {shed: free is shed}}\n"
      "No node has to run. Each expectation that fails is a line with its place and the rule that\n"
      "decided; the exit code is then 1. Without `time`, it is Monday 2026-01-05T12:00:00Z.");
  test->callback([options, &code] { code = test_policy(*options); });
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Selvedge: an edge cache for versioned bundles.");
  app.set_version_flag("--version", "selvedge " SELVEDGE_VERSION);
  app.require_subcommand(1);
  app.footer("Try it: selvedge demo\n"
             "A first configuration of your own: selvedge config --reference\n"
             "Exit codes: 0 done, 1 configuration or usage error, 2 cannot bind, 3 failed.");
  int code = kDone;
  AdminOptions admin; // only one subcommand runs
  add_run(app, code);
  add_check(app, code);
  add_show_config(app, code);
  add_demo(app, code);
  add_status(app, admin, code);
  add_explain(app, admin, code);
  add_purge(app, admin, code);
  add_origins(app, admin, code);
  add_overload(app, admin, code);
  add_economics(app, admin, code);
  add_events(app, admin, code);
  add_drain(app, admin, code);
  add_sign(app, code);
  add_policy(app, code);
  add_bundle(app, admin, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kBadConfiguration;
  }
  return code;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kFailed;
  }
}
