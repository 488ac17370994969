#include "admin_client.hpp"
#include "explain_policy.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <string_view>

namespace selvedge::cli {

using nlohmann::json;

namespace {

std::string text(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

long long number(const json& object, const char* key) {
  return object.at(key).get<long long>();
}

bool flag(const json& object, const char* key) {
  return object.at(key).get<bool>();
}

// The lines of `text` under each other, all of them `indent` to the right but the first.
std::string indented(std::string_view text, std::size_t indent) {
  std::string result;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  for (const char c : text) {
    result.push_back(c);
    if (c == '\n') result.append(indent, ' ');
  }
  return result;
}

// --- the request and the decision

constexpr std::size_t kColumn = 11;

void print_row(std::string_view name, std::string_view value) {
  std::cout << fmt::format("{:<{}}{}\n", name, kColumn, indented(value, kColumn));
}

// What the node does, where the policy lets it.
std::string consequence(const json& answer) {
  const std::string action = text(answer.at("decision"), "action");
  if (action == "serve") return "The stored response is served.";
  const bool is_stale = text(answer.at("decision"), "would_be") == "stale";
  if (action == "serve-stale-and-revalidate") {
    if (!flag(answer.at("policy").at("ladder"), "revalidates")) {
      return "The stored response is served, and the origin is left in peace.";
    }
    return "The stored response is served, and the origin is asked in the background.";
  }
  if (is_stale) return "The stored response is served instead of asking the origin.";
  if (action == "revalidate") {
    return "The origin is asked whether the stored response still holds (RFC 9111, 4.3).";
  }
  if (action == "fetch") return "The origin is asked for the whole response.";
  if (action == "fetch-alone") {
    return "The origin is asked at once, for this request alone; an answer that may be is stored.";
  }
  if (action == "pass") return "The origin is asked, and the answer is not stored.";
  return "The client is answered 504 without asking the origin.";
}

void print_decision(const json& answer) {
  const json& decision = answer.at("decision");
  const json& request = answer.at("request");
  std::cout << fmt::format("{} {}\n", text(request, "method"), text(request, "url"));
  for (const json& header : request.at("headers")) {
    std::cout << fmt::format("  {}\n", header.get<std::string>());
  }
  std::cout << fmt::format("\nWould be: {}, since {} ({}).\n", text(decision, "would_be"),
                           text(decision, "meaning"), text(decision, "rule"));
  const std::string action = text(decision, "action");
  const std::string denied = text(answer, "denied");
  if (!denied.empty()) {
    std::cout << fmt::format("The client is answered 403: its {} is refused (access).\n", denied);
    return;
  }
  const std::string of_policy = policy_consequence(answer);
  std::cout << (of_policy.empty() ? consequence(answer) : of_policy) << "\n";
  if (!of_policy.empty()) return;
  if (flag(answer, "being_filled")) {
    std::cout << "A fetch for this key is under way: requests that must wait share it (RFC 9111, "
                 "4).\n";
  }
  const bool asks_origin = action == "revalidate" || action == "fetch";
  if (asks_origin && flag(decision, "may_serve_on_error")) {
    std::cout << "If the origin cannot be reached or answers 500, 502, 503 or 504, the stored "
                 "response may be served (RFC 5861, 4).\n";
  }
}

void print_place(const json& answer) {
  std::cout << "\n";
  print_row("route", text(answer, "route"));
  print_row("origin",
            fmt::format("{}, asked for {}", text(answer, "origin"), text(answer, "target")));
  print_row("key", text(answer, "key"));
  print_row("", "fingerprint " + text(answer, "fingerprint"));
}

// --- what is stored

std::string origin_of_lifetime(const json& freshness) {
  const std::string from = text(freshness, "lifetime_from");
  const std::string field = text(freshness, "control_field");
  if (from.empty()) return "nobody gave one: each use needs the origin's word";
  if (from == "heuristic") return "a part of the time since last-modified; RFC 9111, 4.2.2";
  if (from == "default_lifetime" || from == "status_lifetimes") return from + " of the route";
  if (from == "expires") return "expires - date; RFC 9111, 5.3";
  if (from == "invalid expires") return "expires is no date: it is expired; RFC 9111, 5.3";
  if (field.empty() || field == "cache-control") return from + " of cache-control";
  return fmt::format("{} of {}; RFC 9213, 2.2", from, field);
}

// What may be done after the lifetime, and what is forbidden.
std::string rules_of_staleness(const json& freshness) {
  std::string rules;
  const auto add = [&rules](const std::string& rule) {
    rules.append(rules.empty() ? "" : "\n").append(rule);
  };
  if (flag(freshness, "no_cache")) add("no-cache: confirmed before each use (RFC 9111, 5.2.2.4)");
  if (flag(freshness, "must_revalidate")) {
    add("never served stale: must-revalidate or what implies it (RFC 9111, 4.2.4)");
    return rules;
  }
  if (const auto seconds = number(freshness, "stale_while_revalidate"); seconds > 0) {
    add(fmt::format("served for {} s more while the origin is asked (RFC 5861, 3)", seconds));
  }
  if (const auto seconds = number(freshness, "stale_if_error"); seconds > 0) {
    add(fmt::format("served for {} s more if the origin fails (RFC 5861, 4)", seconds));
  }
  if (rules.empty()) add("not served without asking the origin");
  return rules;
}

void print_part(std::string_view name, const std::string& value) {
  std::cout << fmt::format("    {:<7}{}\n", name, indented(value, kColumn));
}

void print_arithmetic(const json& variant) {
  const json& freshness = variant.at("freshness");
  const long long age = number(variant, "age");
  const long long ttl = number(variant, "ttl");
  print_part("age",
             fmt::format("{} = initial age {} + {} in the cache (RFC 9111, 4.2.3)", age,
                         number(freshness, "initial_age"), number(freshness, "resident_time")));
  const std::string meaning = ttl > 0   ? fmt::format("fresh for {} s", ttl)
                              : ttl < 0 ? fmt::format("stale for {} s", -ttl)
                                        : std::string("stale from now on");
  print_part("ttl", fmt::format("{} = lifetime {} ({}) - age {}: {} (RFC 9111, 4.2)", ttl,
                                number(freshness, "lifetime"), origin_of_lifetime(freshness), age,
                                meaning));
  if (text(variant, "standing") == "soft-purged") {
    print_part("purged", "softly: stale from then on, whatever is left of its lifetime");
  }
  print_part("then", rules_of_staleness(freshness));
  if (flag(freshness, "immutable")) {
    print_part("", "immutable: no reload confirms it while it is fresh (RFC 8246, 2.1)");
  }
}

void print_marker(const json& marker) {
  const long long left = number(marker, "ttl");
  print_part("", "the last answer was not stored: " + text(marker, "refused"));
  print_part("", left > 0 ? fmt::format("requests under this key do not wait for each other, for "
                                        "{} s more",
                                        left)
                          : std::string("expired: the next answer may be stored"));
}

void print_identity(const json& variant) {
  if (std::string vary = text(variant, "vary"); !vary.empty()) {
    // The line about the query, which No-Vary-Search makes.
    if (vary.front() == '?') vary.replace(0, 1, "queries that mean the same as ");
    print_part("for", "requests with (RFC 9111, 4.1)\n" + vary);
  }
  if (const std::string range = text(variant, "content_range"); !range.empty()) {
    print_part("part", range + " (RFC 9111, 3.3)");
  }
  const std::string etag = text(variant, "etag");
  const std::string modified = text(variant, "last_modified");
  if (etag.empty() && modified.empty()) {
    print_part("check", "no validator: it cannot be confirmed, only fetched again");
  } else {
    print_part("check", etag.empty() ? "last-modified " + modified : "etag " + etag);
  }
}

std::string title_of(const json& variant) {
  std::string title = flag(variant, "pass_marker")
                          ? std::string("pass marker")
                          : fmt::format("status {}", number(variant, "status"));
  if (text(variant, "coding") != "identity") title += " in " + text(variant, "coding");
  if (flag(variant, "used")) {
    title += ", the one that counts";
  } else {
    title += flag(variant, "selected") ? ", for this request too" : ", not for this request";
  }
  return fmt::format("{}: {} bytes held, {} tags", title, number(variant, "held_bytes"),
                     number(variant, "tags"));
}

void print_variants(const json& variants) {
  if (variants.empty()) return print_row("stored", "nothing");
  print_row("stored", variants.size() == 1
                          ? std::string("one response")
                          : fmt::format("{} responses, the latest first", variants.size()));
  for (const json& variant : variants) {
    std::cout << "\n  " << title_of(variant) << "\n";
    if (flag(variant, "pass_marker")) {
      print_marker(variant);
    } else {
      print_arithmetic(variant);
      print_identity(variant);
    }
  }
}

} // namespace

int explain(const AdminOptions& admin, const ExplainOptions& asked) {
  std::string target =
      fmt::format("/v1/explain?url={}&method={}", encoded(asked.url), encoded(asked.method));
  for (const std::string& header : asked.headers) target.append("&header=").append(encoded(header));
  for (const std::string& asker : asked.as) target.append("&as=").append(encoded(asker));
  if (!asked.load.empty()) target.append("&load=").append(encoded(asked.load));
  const auto answer = get(admin, target);
  if (!answer) return kFailed;
  if (admin.output == Output::json) {
    std::cout << answer->dump(2) << "\n";
    return kDone;
  }
  print_decision(*answer);
  print_place(*answer);
  print_policy(answer->at("policy"));
  print_variants(answer->at("variants"));
  return kDone;
}

} // namespace selvedge::cli
