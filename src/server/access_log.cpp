#include "access_log.hpp"

#include <selvedge/http/server_timing.hpp>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iterator>
#include <spdlog/spdlog.h>
#include <stdexcept>

namespace selvedge::server {

using proxy::AccessRecord;

namespace {

constexpr std::chrono::milliseconds kInterval{50};

// RFC 8259, 7; bytes that are not ASCII are kept as Latin-1 code points: a log must always parse.
void append_json(std::string& to, std::string_view text) {
  to.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to.push_back('\\');
      to.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", byte);
    } else {
      to.push_back(c);
    }
  }
  to.push_back('"');
}

void append_member(std::string& to, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(to), ",\"{}\":", name);
  append_json(to, text);
}

void append_timings(std::string& to, std::string_view text) {
  if (text.empty()) return;
  http::ServerTimings timings;
  timings.add(text);
  to += ",\"server_timing\":[";
  for (std::size_t i = 0; i < timings.size(); ++i) {
    const http::ServerTiming timing = timings[i];
    to += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json(to, timing.name);
    if (timing.duration) fmt::format_to(std::back_inserter(to), ",\"dur\":{}", *timing.duration);
    append_member(to, "desc", timing.description);
    to.push_back('}');
  }
  to.push_back(']');
}

// As nginx escapes variables of its log: \xHH for quotes, backslashes and what is not printable
// ASCII.
void append_escaped(std::string& to, std::string_view text) {
  if (text.empty()) {
    to.push_back('-');
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(to), "\\x{:02X}", byte);
    } else {
      to.push_back(c);
    }
  }
}

std::tm utc(std::chrono::sys_seconds at) {
  const std::time_t time = at.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  return parts;
}

} // namespace

std::string format_json(const AccessRecord& record) {
  std::string line = fmt::format("{{\"time\":\"{:%Y-%m-%dT%H:%M:%SZ}\"", utc(record.time));
  append_member(line, "client.address", record.get(AccessRecord::client));
  append_member(line, "http.request.method", record.get(AccessRecord::method));
  line += record.is_secure ? ",\"url.scheme\":\"https\"" : ",\"url.scheme\":\"http\"";
  append_member(line, "server.address", record.get(AccessRecord::authority));
  const std::string_view target = record.get(AccessRecord::target);
  const std::size_t query = target.find('?');
  append_member(line, "url.path", target.substr(0, query));
  if (query != std::string_view::npos) append_member(line, "url.query", target.substr(query + 1));
  append_member(line, "network.protocol.version", text_of(record.version));
  fmt::format_to(std::back_inserter(line),
                 ",\"http.response.status_code\":{},\"http.response.body.size\":{},"
                 "\"duration\":{:.6f},\"selvedge.cache\":\"{}\",\"selvedge.complete\":{}",
                 record.status, record.content_bytes,
                 static_cast<double>(record.duration.count()) / 1e6, text_of(record.outcome),
                 record.is_complete);
  append_member(line, "selvedge.route", record.get(AccessRecord::route));
  append_member(line, "selvedge.listener", record.get(AccessRecord::listener));
  append_member(line, "selvedge.tier", record.get(AccessRecord::tier));
  append_member(line, "user_agent.original", record.get(AccessRecord::agent));
  append_member(line, "http.request.header.referer", record.get(AccessRecord::referer));
  append_member(line, "trace_id", record.get(AccessRecord::trace));
  append_timings(line, record.get(AccessRecord::server_timing));
  line += "}\n";
  return line;
}

std::string format_combined(const AccessRecord& record) {
  std::string line;
  append_escaped(line, record.get(AccessRecord::client));
  fmt::format_to(std::back_inserter(line), " - - [{:%d/%b/%Y:%H:%M:%S} +0000] \"",
                 utc(record.time));
  append_escaped(line, record.get(AccessRecord::method));
  line.push_back(' ');
  append_escaped(line, record.get(AccessRecord::target));
  const bool is_h2 = record.version == http::Version::http_2;
  fmt::format_to(std::back_inserter(line), " HTTP/{}\" {} {} \"",
                 is_h2 ? "2.0" : text_of(record.version), record.status, record.content_bytes);
  append_escaped(line, record.get(AccessRecord::referer));
  line += "\" \"";
  append_escaped(line, record.get(AccessRecord::agent));
  line += "\"\n";
  return line;
}

AccessLog::AccessLog(const config::LogOptions& options, std::size_t workers) : options_(options) {
  if (options_.access_format == config::AccessFormat::off) return;
  open();
  for (std::size_t i = 0; i < workers; ++i) {
    rings_.push_back(std::make_unique<proxy::AccessRing>(options_.access_ring));
  }
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

proxy::AccessRing* AccessLog::ring(std::size_t worker) {
  return rings_.empty() ? nullptr : rings_[worker].get();
}

std::uint64_t AccessLog::dropped() const {
  std::uint64_t total = 0;
  for (const auto& ring : rings_) total += ring->dropped();
  return total;
}

void AccessLog::open() {
  if (options_.access == "-") {
    file_ = stdout;
    return;
  }
  std::FILE* opened = std::fopen(options_.access.c_str(), "ae");
  if (opened == nullptr) {
    throw std::runtime_error(
        fmt::format("cannot open access log '{}': {}", options_.access, std::strerror(errno)));
  }
  file_ = opened;
}

void AccessLog::reopen() {
  wants_reopen_.store(true);
}

void AccessLog::write_all() {
  std::uint64_t lines = 0;
  for (const auto& ring : rings_) {
    while (const AccessRecord* record = ring->front()) {
      const std::string line = options_.access_format == config::AccessFormat::json
                                   ? format_json(*record)
                                   : format_combined(*record);
      ring->pop();
      std::fwrite(line.data(), 1, line.size(), file_);
      ++lines;
    }
  }
  if (lines > 0) note_written(lines, std::fflush(file_) == 0 && std::ferror(file_) == 0);
}

// Of lines that a full disk did not take, some may be there in part: all of them count as lost.
void AccessLog::note_written(std::uint64_t lines, bool is_good) {
  (is_good ? written_ : lost_).fetch_add(lines, std::memory_order_relaxed);
  if (is_good == is_failing_) {
    is_failing_ = !is_good;
    if (is_good) {
      spdlog::info("access log: is written again");
    } else {
      spdlog::error("access log: {}; lines are lost until that ends", std::strerror(errno));
    }
  }
  if (!is_good) std::clearerr(file_);
}

void AccessLog::run() {
  for (;;) {
    bool is_last = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kInterval, [this] { return is_stopping_; });
      is_last = is_stopping_;
    }
    if (wants_reopen_.exchange(false) && file_ != stdout) {
      std::FILE* old = file_;
      try {
        open();
        std::fclose(old);
      } catch (const std::runtime_error& error) {
        spdlog::error("{}; writing on to the old file", error.what());
      }
    }
    write_all();
    if (is_last) return;
  }
}

} // namespace selvedge::server
