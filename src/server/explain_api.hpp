// GET /v1/explain: what the node would do with a request, why, and by which rule.
// Thread: the admin worker; the readers and texts: any.
#pragma once

#include "admin_answer.hpp"
#include "explain_policy.hpp"

#include <selvedge/server/node.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace selvedge::server {

// The request that is asked about.
struct ExplainQuestion {
  std::string url; // absolute
  std::string method = "GET";
  std::vector<std::string> headers;        // "Name: value"
  proxy::PolicyQuestion asker;             // without a policy
  std::optional<overload::LoadLevel> load; // nothing: as it is
};

// "url=URL&method=GET&header=Name%3A%20Value&as=tier%3Dfree&load=high", header and as as often as
// need be: the question, or why it is none.
std::variant<ExplainQuestion, std::string> read_explain_question(std::string_view query);

// Its texts live in the question. Requires: read_explain_question() made it.
http::RequestHead request_of(const ExplainQuestion& question);

// What a decision of the cache means, in a sentence, and where that is written down.
struct Rule {
  std::string_view reason; // CacheDecision::reason, or what explains it better
  std::string_view meaning;
  std::string_view source; // "RFC 9111, 4.2"
};
// Where the policy does not let the cache decide, it is about the policy, and the source is its
// rule. Its source is empty for a reason that is not in the list: a test sees to it that there is
// none.
Rule rule_of(const proxy::Explanation& explanation);

// What the answer would count as, if the origin confirms what it is asked to confirm, and still
// sends what is not for storing where it did so a moment ago.
http::CacheOutcome outcome_of(const proxy::Explanation& explanation, http::Method method);

AdminAnswer explain(Node& node, std::string_view query);

} // namespace selvedge::server
