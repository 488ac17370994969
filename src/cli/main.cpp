#include "commands.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

namespace {

using namespace selvedge::cli;

void add_config(CLI::App& command, std::string& path) {
  command.add_option("-c,--config", path, "YAML file, or a directory of *.yaml files")->required();
}

void add_admin(CLI::App& command, AdminOptions& admin, std::string& output) {
  command.add_option("--admin", admin.address, "address of the admin API")->capture_default_str();
  command.add_option("--token-file", admin.token_file, "file whose first line is the bearer token");
  command.add_option("-o,--output", output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Selvedge: an edge cache for versioned bundles.");
  app.set_version_flag("--version", "selvedge " SELVEDGE_VERSION);
  app.require_subcommand(1);
  app.footer("Try it: selvedge demo\n"
             "A first configuration of your own: selvedge config --reference\n"
             "Exit codes: 0 done, 1 configuration or usage error, 2 cannot bind, 3 failed.");

  RunOptions run_options;
  CLI::App* run_command = app.add_subcommand("run", "Serve in the foreground");
  add_config(*run_command, run_options.config);
  run_command->add_option("--ready-file", run_options.ready_file,
                          "write pid and bound addresses here, as JSON, once ready");
  run_command->footer("Signals: HUP reload, USR1 reopen logs, QUIT drain, TERM and INT stop.");

  std::string check_config;
  CLI::App* check_command =
      app.add_subcommand("check", "Read a configuration and open all that it names");
  add_config(*check_command, check_config);

  std::string shown_config;
  bool wants_schema = false;
  bool wants_reference = false;
  CLI::App* config_command =
      app.add_subcommand("config", "Show the effective configuration, defaults written out");
  config_command->add_option("-c,--config", shown_config, "YAML file or directory");
  config_command->add_flag("--schema", wants_schema, "a JSON Schema for editors");
  config_command->add_flag("--reference", wants_reference, "every key with its text, as YAML");

  DemoOptions demo_options;
  CLI::App* demo_command = app.add_subcommand(
      "demo", "Serve two example bundles on free loopback ports, and say how to ask for them");
  demo_command->add_option("--bundles", demo_options.bundles, "directory to serve instead");
  demo_command->add_option("--ready-file", demo_options.ready_file, "as for run");

  AdminOptions admin;
  std::string output = "text";
  std::vector<std::string> urls;
  CLI::App* status_command = app.add_subcommand("status", "What a running node is doing");
  add_admin(*status_command, admin, output);
  CLI::App* purge_command = app.add_subcommand("purge", "Remove stored responses by URL");
  add_admin(*purge_command, admin, output);
  purge_command->add_option("urls", urls, "absolute URLs, as clients ask for them")->required();
  CLI::App* drain_command = app.add_subcommand("drain", "Let a running node end gracefully");
  add_admin(*drain_command, admin, output);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kBadConfiguration;
  }
  admin.output = output == "json" ? Output::json : Output::text;
  if (*run_command) return run(run_options);
  if (*check_command) return check(check_config);
  if (*config_command) {
    const ConfigView view = wants_schema      ? ConfigView::schema
                            : wants_reference ? ConfigView::reference
                                              : ConfigView::effective;
    return show_config(shown_config, view);
  }
  if (*demo_command) return demo(demo_options);
  if (*status_command) return status(admin);
  if (*purge_command) return purge(admin, urls);
  return drain(admin);
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
