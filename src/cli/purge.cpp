#include "admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace selvedge::cli {

using nlohmann::json;

int purge(const AdminOptions& admin, const PurgeOptions& wanted) {
  json request = json::object();
  const auto add = [&request](const char* key, const std::vector<std::string>& names) {
    if (!names.empty()) request[key] = names;
  };
  add("urls", wanted.urls);
  add("tags", wanted.tags);
  add("groups", wanted.groups);
  add("prefixes", wanted.prefixes);
  add("hosts", wanted.hosts);
  add("bundles", wanted.bundles);
  if (request.empty() && !wanted.everything) {
    std::cerr << "selvedge: purge what? Name URLs, tags or others; see selvedge purge --help\n";
    return kBadConfiguration;
  }
  if (wanted.everything) request["everything"] = true;
  if (wanted.soft) request["soft"] = true;
  const std::string content = request.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto receipt = post(admin, "/v1/purge", content);
  if (!receipt) return kFailed;
  if (admin.output == Output::json) {
    std::cout << receipt->dump(2) << "\n";
    return kDone;
  }
  const auto matched = receipt->value("matched", std::uint64_t{0});
  std::cout << fmt::format("{} {} stored response{} (purge {})\n",
                           wanted.soft ? "made stale" : "removed", matched, matched == 1 ? "" : "s",
                           receipt->value("id", ""));
  return kDone;
}

} // namespace selvedge::cli
