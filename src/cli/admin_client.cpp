#include "admin_client.hpp"

#include <selvedge/base/file_text.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

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
Answer ask(const AdminOptions& admin, const std::string& token, beast_http::verb method,
           const std::string& target, const std::string& content) {
  const std::size_t colon = admin.address.rfind(':');
  boost::asio::io_context io;
  tcp::resolver resolver(io);
  beast::tcp_stream stream(io);
  stream.expires_after(kTimeout);
  stream.connect(resolver.resolve(admin.address.substr(0, colon), admin.address.substr(colon + 1)));
  beast_http::request<beast_http::string_body> request(method, target, 11);
  request.set(beast_http::field::host, admin.address);
  if (!token.empty()) request.set(beast_http::field::authorization, "Bearer " + token);
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
  std::string token;
  if (!admin.token_file.empty()) {
    auto line = base::first_line(admin.token_file);
    if (!line) {
      std::cerr << fmt::format("selvedge: cannot read a token from '{}': {}\n", admin.token_file,
                               line.error().message());
      return {};
    }
    token = std::move(*line);
  }
  try {
    Answer answer = ask(admin, token, method, target, content);
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

} // namespace

std::optional<json> get(const AdminOptions& admin, const std::string& target) {
  return ask_or_complain(admin, beast_http::verb::get, target);
}

std::optional<json> post(const AdminOptions& admin, const std::string& target,
                         const std::string& content) {
  return ask_or_complain(admin, beast_http::verb::post, target, content);
}

// Everything but unreserved characters (RFC 3986, 2.3) as %XX.
std::string encoded(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string result;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      result.push_back(c);
    } else {
      result.append(fmt::format("%{:02X}", static_cast<unsigned char>(c)));
    }
  }
  return result;
}

} // namespace selvedge::cli
