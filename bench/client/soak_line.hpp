// One connection of the soak's load, opened again whenever it has ended: by the node, or by itself
// after some hundreds of requests, so that clients come and go. Owned and called by one thread.
#pragma once

#include "connection.hpp"
#include "soak_readers.hpp"

#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace selvedge::bench {

struct SoakEnd {
  SoakAnswer answer;
  SoakOutcome outcome;
  bool is_reused; // the connection has carried an answer before
  bool is_told;   // by GOAWAY, REFUSED_STREAM or `Connection: close`: it is not to be counted on
  bool is_stuck = false; // the client gave it up
};

class SoakLine {
public:
  struct Options {
    Connection::Options connection;
    bool is_h2 = false;
    std::size_t depth = 1; // requests at a time
  };

  SoakLine(const Options& options, std::uint64_t seed) : options_(options), random_(seed) {}

  // Throws std::system_error when there is no descriptor or port left. Requires: !is_connected().
  void connect();
  bool is_connected() const { return live_ != nullptr; }
  int descriptor() const { return live_->connection.descriptor(); }

  bool has_room() const;
  // Requires: has_room().
  void request(const SoakRequest& request);
  // Sends and reads what is possible, and ends the connection when it is over. What ended is
  // appended to `ends`. True: an answer came.
  bool advance(std::span<char> scratch, std::vector<SoakEnd>& ends);
  // Gives up when a request was due before that.
  void give_up_before(SoakRequest::Clock::time_point moment, std::vector<SoakEnd>& ends);

  // Connections that were not opened, TLS included, since the last call.
  std::size_t take_unopened() { return std::exchange(unopened_, 0); }

private:
  struct Live {
    explicit Live(const Connection::Options& options) : connection(options) {}
    Connection connection;
    bool is_open = false;
    std::string unsent;
    std::variant<SoakH1, SoakH2> reader;
    std::size_t answered = 0;
    std::size_t left = 0; // requests that it will still send
  };
  bool open();
  bool flush();
  bool read(std::span<char> scratch, const OnSoakEnd& on_end);
  std::size_t asked() const;
  bool is_over() const;
  void close(std::vector<SoakEnd>& ends, bool is_stuck);
  OnSoakEnd into(std::vector<SoakEnd>& ends, bool is_stuck = false);

  Options options_;
  std::mt19937_64 random_;
  std::string authority_;
  std::unique_ptr<Live> live_;
  std::size_t unopened_ = 0;
};

} // namespace selvedge::bench
