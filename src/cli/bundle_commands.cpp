#include "bundle_commands.hpp"

#include "common_options.hpp"

#include <memory>

namespace selvedge::cli {

namespace {

void add_bundle_pack(CLI::App& bundle, int& code) {
  const auto options = std::make_shared<PackOptions>();
  CLI::App* command =
      bundle.add_subcommand("pack", "Make bundles of folders and of tarballs as npm has them");
  command->add_option("sources", options->sources, "folders, PACKAGE.tgz files")->required();
  command->add_option("--origin", options->origin, "folder to put them in")->required();
  command->add_option("--name", options->name, "else package.json says it");
  command->add_option("--version", options->version, "else package.json says it");
  add_list(*command, "--entry", options->entry, "PATH", "asked for first; else by package.json");
  command->add_option("--channel", options->channel,
                      "to point here; else `latest`, when this is the greatest release");
  command->add_option("--released", options->released, "a time, for the index");
  add_output(*command, options->output);
  command->footer(
      "Examples:\n"
      "  selvedge bundle pack $(npm pack lit@3) --origin /srv/bundles\n"
      "  selvedge bundle pack dist --origin /srv/bundles --name acme-ui --version 2.3.1\n"
      "Writes ORIGIN/NAME/VERSION/..., with bundle.json, and ORIGIN/NAME/index.json: the\n"
      "same bytes for the same package. A version that is there never changes.");
  command->callback([options, &code] { code = pack_bundles(*options); });
}

void add_bundle_verify(CLI::App& bundle, int& code) {
  const auto options = std::make_shared<BundleOptions>();
  CLI::App* command =
      bundle.add_subcommand("verify", "Compare an origin's folder with its manifests");
  command->add_option("bundles", options->bundles, "NAME or NAME@VERSION; all when left out");
  command->add_option("--origin", options->origin, "folder of bundles")->required();
  add_output(*command, options->output);
  command->footer("Reads every asset. The exit code is 1 when one is missing, has another size or\n"
                  "digest, is in no manifest, or when a dependency has no version.");
  command->callback([options, &code] { code = verify_bundles(*options); });
}

void add_bundle_closure(CLI::App& bundle, int& code) {
  const auto options = std::make_shared<ClosureOptions>();
  CLI::App* command = bundle.add_subcommand("closure", "What a version needs, as npm resolves it");
  command->add_option("bundle", options->bundle, "NAME, NAME@VERSION, NAME@RANGE or NAME@CHANNEL")
      ->required();
  command->add_option("--origin", options->origin, "folder of bundles")->required();
  command->add_flag("--dependents", options->wants_dependents, "who needs it instead");
  add_output(*command, options->output);
  command->callback([options, &code] { code = show_closure(*options); });
}

// Whom a release is for, who says so and why.
void add_release(CLI::App& command, AdminOptions& admin, ReleaseOptions& wanted) {
  add_admin(command, admin);
  command.add_option("--url", wanted.url, "of the route, when there are several of bundles");
  command.add_option("--why", wanted.why, "for the history");
  command.add_option("--who", wanted.who, "likewise; else who runs this");
}

void add_canary(CLI::App& command, ReleaseOptions& wanted) {
  command.add_option("--canary", wanted.percent, "percent of the sessions that get it, as 5")
      ->check(CLI::Range(0.0, 100.0));
  add_list(command, "--tier", wanted.tiers, "NAME", "of those, only sessions of this tier");
  add_list(command, "--region", wanted.regions, "NAME", "likewise, of this region");
}

void add_publish(CLI::App& bundle, AdminOptions& admin, int& code) {
  const auto wanted = std::make_shared<ReleaseOptions>();
  CLI::App* command = bundle.add_subcommand(
      "publish", "Release versions on a running node, with all that they need, at once");
  command->add_option("bundles", wanted->bundles, "NAME@VERSION, NAME@RANGE or NAME@CHANNEL");
  add_list(*command, "--withdraw", wanted->withdrawn, "NAME", "not released any more");
  command->add_option("--channel", wanted->channel, "that stands for them; else `latest`");
  add_canary(*command, *wanted);
  command->add_flag("!--no-warm", wanted->warms, "do not fetch what pages begin with first");
  command->add_flag("!--no-wait", wanted->waits, "return before it is in force");
  add_release(*command, admin, *wanted);
  command->footer(
      "Examples:\n"
      "  selvedge bundle publish acme-ui@2.4.0 --why 'new buttons'\n"
      "  selvedge bundle publish acme-ui@2.4.0 acme-icons@latest --canary 5 --tier free\n"
      "  selvedge bundle promote --canary 50\n"
      "  selvedge bundle promote\n"
      "  selvedge bundle rollback --why 'the buttons were too new'\n"
      "Nothing changes when a version, something that it needs, or what pages begin with cannot\n"
      "be had. Sessions keep what they began with; see the README, Releases.");
  command->callback([wanted, &admin, &code] { code = publish_bundles(admin, *wanted); });
}

void add_promote(CLI::App& bundle, AdminOptions& admin, int& code) {
  const auto wanted = std::make_shared<ReleaseOptions>();
  CLI::App* command = bundle.add_subcommand("promote", "Give a canary to more sessions, or to all");
  add_canary(*command, *wanted);
  add_release(*command, admin, *wanted);
  command->callback([wanted, &admin, &code] { code = promote_release(admin, *wanted); });
}

void add_rollback(CLI::App& bundle, AdminOptions& admin, int& code) {
  const auto wanted = std::make_shared<ReleaseOptions>();
  CLI::App* command =
      bundle.add_subcommand("rollback", "Take back a canary, or else the last release");
  command->add_flag("--at-once", wanted->at_once,
                    "also in the middle of pages; else sessions keep it until a page begins");
  add_release(*command, admin, *wanted);
  command->callback([wanted, &admin, &code] { code = roll_back(admin, *wanted); });
}

void add_releases(CLI::App& bundle, AdminOptions& admin, int& code) {
  CLI::App* command =
      bundle.add_subcommand("releases", "What is released on a running node, and its history");
  add_admin(*command, admin);
  command->callback([&admin, &code] { code = show_releases(admin); });
}

} // namespace

void add_bundle(CLI::App& app, AdminOptions& admin, int& code) {
  CLI::App* command =
      app.add_subcommand("bundle", "Versions of bundles: in an origin's folder, and released");
  command->require_subcommand(1);
  add_bundle_pack(*command, code);
  add_bundle_verify(*command, code);
  add_bundle_closure(*command, code);
  add_publish(*command, admin, code);
  add_promote(*command, admin, code);
  add_rollback(*command, admin, code);
  add_releases(*command, admin, code);
}

} // namespace selvedge::cli
