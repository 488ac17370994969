// GET /v1/overload, /v1/events and /v1/economics: how busy the node is and what it does about it,
// and what its deliveries were worth. Thread: any.
#pragma once

#include "admin_answer.hpp"
#include "policy_report.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace selvedge::server {

AdminAnswer overload_answer(const PolicyReport& report);
// Amounts are in the accounts' currency.
AdminAnswer economics_answer(const PolicyReport& report);

// "after=N", and N is 0 without it; nothing for what is no such query.
std::optional<std::uint64_t> read_events_after(std::string_view query);
AdminAnswer events_answer(const std::vector<overload::Event>& events);
// Those that the query asks for, or what is wrong with it.
AdminAnswer events_answer(const overload::EventLog& events, std::string_view query);

} // namespace selvedge::server
