#include "commands.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <optional>

namespace selvedge::cli {

using nlohmann::json;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using boost::asio::ip::tcp;

namespace {

constexpr std::chrono::seconds kTimeout{10};

struct Answer {
  unsigned status = 0;
  json body;
};

// One request to the admin API. Throws boost::system::system_error.
Answer ask(const AdminOptions& admin, beast_http::verb method, const std::string& target,
           const std::string& content) {
  const std::size_t colon = admin.address.rfind(':');
  boost::asio::io_context io;
  tcp::resolver resolver(io);
  beast::tcp_stream stream(io);
  stream.expires_after(kTimeout);
  stream.connect(resolver.resolve(admin.address.substr(0, colon), admin.address.substr(colon + 1)));
  beast_http::request<beast_http::string_body> request(method, target, 11);
  request.set(beast_http::field::host, admin.address);
  if (!admin.token_file.empty()) {
    std::string token;
    std::ifstream file(admin.token_file);
    std::getline(file, token);
    request.set(beast_http::field::authorization, "Bearer " + token);
  }
  request.body() = content;
  request.prepare_payload();
  beast_http::write(stream, request);
  beast::flat_buffer buffer;
  beast_http::response<beast_http::string_body> response;
  beast_http::read(stream, buffer, response);
  return {response.result_int(), json::parse(response.body(), nullptr, false)};
}

// Asks, reports what went wrong, or hands over the answer.
std::optional<json> ask_or_complain(const AdminOptions& admin, beast_http::verb method,
                                    const std::string& target, const std::string& content = {}) {
  try {
    Answer answer = ask(admin, method, target, content);
    if (answer.status < 300 && answer.body.is_object()) return std::move(answer.body);
    const std::string detail =
        answer.body.is_object() ? answer.body.value("detail", "") : "no JSON came back";
    std::cerr << fmt::format("selvedge: the node at {} answered {}: {}\n", admin.address,
                             answer.status, detail);
  } catch (const boost::system::system_error& error) {
    std::cerr << fmt::format("selvedge: no node answers at {}: {}\n", admin.address,
                             error.code().message());
  }
  return {};
}

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
  const auto body = ask_or_complain(admin, beast_http::verb::get, "/v1/status");
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
  } else {
    print_status(*body);
  }
  return kDone;
}

int purge(const AdminOptions& admin, const std::vector<std::string>& urls) {
  const json request{{"urls", urls}};
  const auto body = ask_or_complain(admin, beast_http::verb::post, "/v1/purge", request.dump());
  if (!body) return kFailed;
  if (admin.output == Output::json) {
    std::cout << body->dump(2) << "\n";
  } else {
    std::cout << fmt::format("removed {} stored responses\n",
                             body->value("matched", std::uint64_t{0}));
  }
  return kDone;
}

int drain(const AdminOptions& admin) {
  const auto body = ask_or_complain(admin, beast_http::verb::post, "/v1/drain");
  if (!body) return kFailed;
  std::cout << (admin.output == Output::json ? body->dump(2) : "draining") << "\n";
  return kDone;
}

} // namespace selvedge::cli
