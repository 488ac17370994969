#include "trace.hpp"

#include "lines.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <charconv>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace selvedge::bench {

namespace {

std::string name_of(const std::string& path) {
  const std::string file = path.substr(path.find_last_of('/') + 1);
  return file.substr(0, file.find('.'));
}

struct Line {
  std::string_view key;
  std::uint64_t bytes = 0;
};

// A key may contain commas: the first field ends at the first one, the last begins after the last.
Line parse(std::string_view text, const std::string& path, std::size_t number) {
  const std::size_t first = text.find(',');
  const std::size_t last = text.rfind(',');
  Line line;
  bool is_good = first != std::string_view::npos && last > first + 1;
  if (is_good) {
    line.key = text.substr(first + 1, last - first - 1);
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + last + 1, end, line.bytes);
    is_good = error == std::errc{} && stop == end;
  }
  if (!is_good) {
    throw std::runtime_error(path + ":" + std::to_string(number) + ": not \"time,key,size\"");
  }
  return line;
}

} // namespace

Trace read_trace(const std::string& path) {
  Trace trace;
  trace.name = name_of(path);
  boost::unordered_flat_map<std::string, std::uint32_t> numbers;
  std::vector<std::uint64_t> sizes;
  Lines lines(path);
  while (const auto text = lines.next()) {
    const Line line = parse(*text, path, lines.number());
    const auto [at, is_new] =
        numbers.try_emplace(std::string(line.key), static_cast<std::uint32_t>(numbers.size()));
    const std::uint32_t object = at->second;
    if (is_new) {
      trace.objects.push_back({at->first, base::fingerprint(at->first)});
      sizes.push_back(line.bytes);
      trace.unique_bytes += line.bytes;
    } else if (sizes[object] != line.bytes) {
      sizes[object] = line.bytes;
      ++trace.changes;
    }
    trace.requests.push_back({object, line.bytes});
    trace.requested_bytes += line.bytes;
  }
  if (trace.requests.empty()) throw std::runtime_error(path + ": no requests");
  return trace;
}

} // namespace selvedge::bench
