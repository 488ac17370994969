// Makes a coded variant of a response that is stored or on its way: it reads the content of one
// fill, or of what is stored, and feeds another. It belongs to nobody: CodingJobs keeps it until it
// has ended. Thread: jobs of CodingJobs, one at a time; start() on any.
#pragma once

#include <selvedge/cache/fill.hpp>
#include <selvedge/cache/store.hpp>
#include <selvedge/coding/encoder.hpp>
#include <selvedge/proxy/coding_jobs.hpp>

#include <memory>

namespace selvedge::proxy {

class Recoder final : public std::enable_shared_from_this<Recoder>,
                      private cache::Fill::Reader,
                      private cache::Fill::Producer {
public:
  struct Task {
    cache::FillPtr target;               // that of the variant
    cache::FillPtr source;               // whose content comes; null: `as_it_came` has all of it
    cache::StoredResponsePtr as_it_came; // outlives the next: who has a chunk has its body
    boost::intrusive_ptr<cache::Chunk> first; // of the source's content, where it has begun
    coding::ContentCoding coding = coding::ContentCoding::gzip;
    int level = 0;
    std::uint64_t most = 0; // bytes of content; of more the variant is not stored
    std::size_t window = 0; // and may be ahead of its readers by so many
  };
  // The target streams when it returns. Everything passed in outlives the jobs.
  static void start(CodingJobs& jobs, cache::Store& store, cache::FillTable& fills, Task task);

  Recoder(CodingJobs& jobs, cache::Store& store, cache::FillTable& fills, Task task);
  ~Recoder();

private:
  enum class Next : std::uint8_t { go_on, wait, others };

  void on_progress() override { schedule(); }
  void on_room() override { schedule(); }
  void on_abandoned() override { schedule(); }
  void schedule();
  void post();
  void run();
  Next advance();
  void stop_storing();
  bool make_encoder();
  bool encode(std::string_view input, coding::EncoderStep what);
  void complete();
  void fail(base::Error error);
  void leave();

  CodingJobs& jobs_;
  cache::Store& store_;
  cache::FillTable& fills_;
  Task task_;
  boost::intrusive_ptr<cache::StoredResponse> response_; // the variant
  std::unique_ptr<coding::Encoder> encoder_;             // from the first content on
  cache::BodyReader reader_;
  std::atomic<std::uint32_t> wakes_{0}; // that no job has seen yet; not 0: there is a job
  std::uint64_t taken_ = 0;             // of the content
  bool has_unflushed_ = false;
  bool is_storing_ = true;
  bool is_over_ = false;
};

} // namespace selvedge::proxy
