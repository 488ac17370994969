#include "soak_tally.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace selvedge::bench {

namespace {

nlohmann::json by_text(const std::map<int, std::uint64_t>& counts) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [key, count] : counts) object[std::to_string(key)] = count;
  return object;
}

} // namespace

void SoakTally::add(const SoakEnd& end) {
  const SoakAnswer& answer = end.answer;
  const std::string of_hit = answer.is_hit() ? "_hit" : "";
  switch (end.outcome) {
  case SoakOutcome::right:
    ++counts_["right" + of_hit];
    break;
  case SoakOutcome::wrong:
    ++counts_["wrong"];
    tell_of(answer.problem());
    break;
  case SoakOutcome::refused:
    ++counts_["refused" + of_hit];
    ++statuses_[answer.status()];
    break;
  case SoakOutcome::cut:
    ++counts_[end.is_stuck ? "stuck" : "cut" + of_hit];
    if (answer.is_hit() || end.is_stuck) {
      tell_of(answer.request().object.path() + (end.is_stuck ? " stuck" : " cut, a hit"));
    }
    return;
  case SoakOutcome::unanswered: {
    const char* kind = end.is_reused ? "unanswered_reused" : "unanswered_fresh";
    ++counts_[end.is_stuck ? "stuck" : end.is_told ? "told" : kind];
    if (end.is_stuck) tell_of(answer.request().object.path() + " stuck without an answer");
    return;
  }
  }
  const std::chrono::duration<double, std::micro> us =
      SoakRequest::Clock::now() - answer.request().due;
  const int bucket = static_cast<int>(std::ceil(16 * std::log2(std::max(1.0, us.count()))));
  ++(answer.is_hit() ? hits_ : others_)[bucket];
}

void SoakTally::print(double second, std::size_t waiting, std::size_t connections) {
  nlohmann::json line(counts_);
  if (line.is_null()) line = nlohmann::json::object();
  line["second"] = second;
  line["waiting"] = waiting;
  line["connections"] = connections;
  line["statuses"] = by_text(statuses_);
  line["hits_us"] = by_text(hits_);
  line["others_us"] = by_text(others_);
  line["examples"] = examples_;
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
  *this = SoakTally();
}

} // namespace selvedge::bench
