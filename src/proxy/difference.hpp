// One variant made against another version's content: slice by slice, so that others have their
// turns. Thread: one at a time.
#pragma once

#include <selvedge/cache/store.hpp>
#include <selvedge/coding/encoder.hpp>
#include <selvedge/proxy/coding_jobs.hpp>

#include <memory>
#include <string>

namespace selvedge::proxy {

class Compression;

class Difference {
public:
  struct Task {
    cache::StoredResponsePtr content;    // as it came
    cache::StoredResponsePtr dictionary; // likewise; its digest is known
    std::shared_ptr<const Compression> compression;
  };
  enum class State : std::uint8_t { going_on, coded, too_large, failed };
  enum class Stored : std::uint8_t { made, too_large, no_content };

  Difference(CodingJobs& jobs, cache::Store& store, Task task);
  // Takes no lock.
  State advance();
  // Requires: it is coded.
  Stored store();

private:
  State encode(std::string_view input, coding::EncoderStep what);
  bool is_too_large() const;
  std::uint64_t least_of_others() const;
  int level() const;
  cache::StoredResponsePtr content_now() const;

  cache::Store& store_;
  const Task task_;
  CodingCounters& counters_;
  std::string prefix_;                       // the dictionary's content, in one piece
  std::unique_ptr<coding::Encoder> encoder_; // from the second step on
  cache::BodyReader reader_;
  boost::intrusive_ptr<cache::Body> body_;
};

} // namespace selvedge::proxy
