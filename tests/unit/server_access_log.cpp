// The lines of the access log.
#include <src/server/access_log.hpp>
#include <tests/support/catch.hpp>

#include <nlohmann/json.hpp>

using namespace selvedge;
using proxy::AccessRecord;
using Json = nlohmann::json;

namespace {

AccessRecord record_of(std::string_view server_timing) {
  AccessRecord record;
  record.set(AccessRecord::client, "192.0.2.1");
  record.set(AccessRecord::method, "GET");
  record.set(AccessRecord::target, "/a?b=\"c\"");
  record.status = 200;
  record.set(AccessRecord::server_timing, server_timing);
  return record;
}

} // namespace

TEST_CASE("a line of JSON has what the origin said of its time", "[server][log]") {
  const std::string line =
      server::format_json(record_of("db;dur=53.5;desc=\"a \\\"b\\\"\", miss, app;dur=0"));
  REQUIRE(line.back() == '\n');
  const Json json = Json::parse(line);
  CHECK(json["url.query"] == "b=\"c\"");
  CHECK(json["server_timing"] == Json{{{"name", "db"}, {"dur", 53.5}, {"desc", "a \"b\""}},
                                      {{"name", "miss"}},
                                      {{"name", "app"}, {"dur", 0}}});
}

TEST_CASE("a line without a fetch says nothing of one", "[server][log]") {
  const Json json = Json::parse(server::format_json(record_of("")));
  CHECK_FALSE(json.contains("server_timing"));
  CHECK_FALSE(json.contains("trace_id"));
}

TEST_CASE("a line names the trace", "[server][log]") {
  AccessRecord record = record_of("");
  record.set(AccessRecord::trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  const Json json = Json::parse(server::format_json(record));
  CHECK(json["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST_CASE("nginx's format does not change", "[server][log]") {
  const std::string with = server::format_combined(record_of("db;dur=5"));
  CHECK(with == server::format_combined(record_of("")));
  CHECK(with.find("\"GET /a?b=\\x22c\\x22 HTTP/1.1\" 200 0 \"-\" \"-\"\n") != std::string::npos);
}
