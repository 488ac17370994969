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
  // Takes no lock, and allocates only what the library does at its first step.
  State advance();
  // Requires: it is coded.
  Stored store();

private:
  State encode(std::string_view input, coding::EncoderStep what);
  std::uint64_t least_of_others() const;
  std::unique_ptr<coding::Encoder> make_encoder() const;
  int level() const;
  cache::StoredResponsePtr content_now() const;

  cache::Store& store_;
  const Task task_;
  CodingCounters& counters_;
  const std::uint64_t most_;                       // bytes that are worth it
  const std::string prefix_;                       // the dictionary's content, in one piece
  const std::unique_ptr<coding::Encoder> encoder_; // null: there is no memory for it
  cache::BodyReader reader_;
  std::string coded_;
};

} // namespace selvedge::proxy
