#include "commands.hpp"

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/codec/request_check.hpp>
#include <selvedge/proxy/signed_url.hpp>

#include <chrono>
#include <fmt/chrono.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace selvedge::cli {

namespace {

// The URL with its token, behind the parameters that it has.
std::string with_token(const std::string& origin, std::string_view target,
                       const std::string& parameter, const std::string& token) {
  const char separator = target.find('?') == std::string_view::npos ? '?' : '&';
  return origin + std::string(target) + separator + parameter + '=' + token;
}

std::string time_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time.time_since_epoch().count()));
}

} // namespace

int sign_url(const SignOptions& options) {
  try {
    const auto keys = proxy::UrlKeys::read(options.key_file);
    const auto parts = codec::parse_absolute_target(options.url);
    if (!parts) throw std::runtime_error("'" + options.url + "' is no http or https URL");
    base::Arena arena;
    const proxy::SplitTarget split =
        proxy::split_token(cache::normal_path(parts->target, arena), options.parameter);
    const std::string_view target = split.without;
    proxy::SignedScope scope{parts->authority, target, std::nullopt, options.client};
    if (!options.below.empty()) {
      const std::string_view below = cache::normal_path(options.below, arena);
      if (!below.ends_with('/')) {
        throw std::runtime_error("'" + options.below +
                                 "' does not end with '/': it would also be "
                                 "the beginning of other names");
      }
      if (below.front() != '/' || !target.substr(0, target.find('?')).starts_with(below)) {
        throw std::runtime_error("the path of the URL does not begin with '" + options.below + "'");
      }
      scope.prefix_length = below.size();
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto until = now + std::chrono::seconds(options.seconds);
    const std::string token = proxy::sign_url(keys, scope, until);
    const std::string origin = std::string(parts->scheme) + "://" + std::string(parts->authority);
    const std::string url = with_token(origin, target, options.parameter, token);
    if (options.output == Output::json) {
      std::cout
          << nlohmann::json{{"url", url}, {"token", token}, {"expires", time_text(until)}}.dump(2)
          << "\n";
    } else {
      std::cout << url << "\n";
    }
    return kDone;
  } catch (const std::runtime_error& error) {
    std::cerr << "selvedge: " << error.what() << "\n";
    return kBadConfiguration;
  }
}

} // namespace selvedge::cli
