// A trace of requests: lines "time,key,size" without a header, plain or compressed by gzip.
#pragma once

#include <selvedge/base/fingerprint.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace selvedge::bench {

struct TraceRequest {
  std::uint32_t object; // a number in Trace::objects
  std::uint64_t bytes;  // of the content, as this request got it
};

struct TraceObject {
  std::string key;
  base::Fingerprint print;
};

struct Trace {
  std::string name; // of the file, without folder and endings
  std::vector<TraceObject> objects;
  std::vector<TraceRequest> requests; // in the order of the file
  std::uint64_t requested_bytes = 0;
  std::uint64_t unique_bytes = 0; // of each object once, with its first size
  std::uint64_t changes = 0;      // requests whose size is not that of the one before
};

// Throws std::runtime_error that names the file, and the line where one is wrong.
Trace read_trace(const std::string& path);

} // namespace selvedge::bench
