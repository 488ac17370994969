#include "admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace selvedge::cli {

using nlohmann::json;

namespace {

std::string mebibytes(const json& bytes) {
  return fmt::format("{:.1f} MiB", bytes.get<double>() / (1 << 20));
}

void print_status(const json& status) {
  const json& cache = status["cache"];
  std::cout << fmt::format("selvedge {} (pid {}), up {} s, {}\n",
                           status["version"].get<std::string>(), status["pid"].get<int>(),
                           status["uptime_seconds"].get<long>(),
                           status["ready"].get<bool>() ? "ready" : "draining");
  for (const json& one : status["listeners"]) {
    std::cout << fmt::format("  listener  {} {}{}\n", one["address"].get<std::string>(),
                             one["name"].get<std::string>(),
                             one["tls"].get<bool>() ? " (TLS)" : "");
  }
  std::cout << fmt::format("  memory    {}\n", mebibytes(status["resident_bytes"]));
  std::cout << fmt::format("  cache     {} of {}, {} objects, {} evicted\n",
                           mebibytes(cache["bytes"]), mebibytes(cache["limit"]),
                           cache["objects"].get<std::uint64_t>(),
                           cache["evictions"].get<std::uint64_t>());
  std::cout << fmt::format("  clients   {} connections\n",
                           status["connections"]["open"].get<std::uint64_t>());
  std::cout << "  requests ";
  for (const auto& [outcome, count] : status["requests"]["by_cache_outcome"].items()) {
    if (count.get<std::uint64_t>() > 0) {
      std::cout << fmt::format(" {} {}", outcome, count.get<std::uint64_t>());
    }
  }
  std::cout << fmt::format(" (total {})\n", status["requests"]["total"].get<std::uint64_t>());
}

} // namespace

int status(const AdminOptions& admin) {
  const auto body = get(admin, "/v1/status");
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
  } else {
    print_status(*body);
  }
  return kDone;
}

int drain(const AdminOptions& admin) {
  const auto body = post(admin, "/v1/drain", {});
  if (!body) return kFailed;
  std::cout << (admin.output == Output::json ? body->dump(2) : "draining") << "\n";
  return kDone;
}

} // namespace selvedge::cli
