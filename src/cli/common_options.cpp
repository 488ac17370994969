#include "common_options.hpp"

namespace selvedge::cli {

void add_output(CLI::App& command, Output& output) {
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&output](const std::string& form) {
            output = form == "json" ? Output::json : Output::text;
          },
          "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
}

void add_admin(CLI::App& command, AdminOptions& admin) {
  command.add_option("--admin", admin.address, "address of the admin API")->capture_default_str();
  command.add_option("--token-file", admin.token_file, "file whose first line is the bearer token");
  add_output(command, admin.output);
}

void add_list(CLI::App& command, const char* name, std::vector<std::string>& to, const char* form,
              const char* text) {
  command.add_option(name, to, text)->allow_extra_args(false)->type_name(form)->type_size(1);
}

} // namespace selvedge::cli
