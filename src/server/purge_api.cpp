#include "purge_api.hpp"

#include <selvedge/config/nearest.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace selvedge::server {

using nlohmann::json;
using proxy::PurgeRequest;

namespace {

struct List {
  const char* key;
  std::vector<std::string> PurgeRequest::*member;
};
constexpr std::array<List, 6> kLists{{{"urls", &PurgeRequest::urls},
                                      {"tags", &PurgeRequest::tags},
                                      {"groups", &PurgeRequest::groups},
                                      {"prefixes", &PurgeRequest::prefixes},
                                      {"hosts", &PurgeRequest::hosts},
                                      {"bundles", &PurgeRequest::bundles}}};

struct Flag {
  const char* key;
  bool PurgeRequest::*member;
};
constexpr std::array<Flag, 2> kFlags{
    {{"everything", &PurgeRequest::everything}, {"soft", &PurgeRequest::soft}}};

// "" or what is wrong.
std::string read_list(const json& value, const char* key, std::vector<std::string>& to) {
  const bool is_list = value.is_array() && std::all_of(value.begin(), value.end(),
                                                       [](const json& v) { return v.is_string(); });
  if (!is_list) return fmt::format("'{}' must be a list of texts", key);
  to = value.get<std::vector<std::string>>();
  return {};
}

std::string read_flag(const json& value, const char* key, bool& to) {
  if (!value.is_boolean()) return fmt::format("'{}' must be true or false", key);
  to = value.get<bool>();
  return {};
}

std::string read_pair(const std::string& key, const json& value, PurgeRequest& to) {
  std::vector<std::string> names;
  for (const List& list : kLists) {
    if (key == list.key) return read_list(value, list.key, to.*list.member);
    names.emplace_back(list.key);
  }
  for (const Flag& flag : kFlags) {
    if (key == flag.key) return read_flag(value, flag.key, to.*flag.member);
    names.emplace_back(flag.key);
  }
  return "unknown key '" + key + "'" + config::did_you_mean(key, names);
}

std::string start_of_ids() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return fmt::format("{:x}-", std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

} // namespace

std::variant<PurgeRequest, std::string> read_purge_request(std::string_view content) {
  const json body = json::parse(content, nullptr, false);
  if (!body.is_object()) return "expected a JSON object such as {\"urls\": [\"http://host/path\"]}";
  PurgeRequest request;
  for (const auto& [key, value] : body.items()) {
    if (std::string wrong = read_pair(key, value, request); !wrong.empty()) return wrong;
  }
  if (std::string refusal = proxy::refusal_of(request); !refusal.empty()) return refusal;
  return request;
}

PurgeApi::PurgeApi(Node& node) : node_(node), start_(start_of_ids()) {}

AdminAnswer PurgeApi::purge(std::string_view content) {
  const auto read = read_purge_request(content);
  if (const auto* wrong = std::get_if<std::string>(&read)) return problem(400, *wrong);
  const auto& request = std::get<PurgeRequest>(read);
  const proxy::PurgeReceipt receipt = node_.purge(request);
  if (receipts_.size() == kReceipts) receipts_.pop_front();
  receipts_.push_back({start_ + std::to_string(++count_), receipt, request.soft});
  return answer(receipts_.back(), 202);
}

AdminAnswer PurgeApi::receipt(std::string_view id) const {
  const auto found = std::find_if(receipts_.rbegin(), receipts_.rend(),
                                  [id](const Receipt& one) { return one.id == id; });
  if (found != receipts_.rend()) return answer(*found, 200);
  return problem(404, fmt::format("not among the last {} purges: {}", kReceipts, id));
}

AdminAnswer PurgeApi::answer(const Receipt& receipt, http::Status status) {
  // A purge is in force when the call that asks for it returns: so it is always done.
  return as_json({{"id", receipt.id},
                  {"epoch", receipt.receipt.epoch},
                  {"matched", receipt.receipt.matched},
                  {"soft", receipt.is_soft},
                  {"done", true}},
                 status);
}

} // namespace selvedge::server
