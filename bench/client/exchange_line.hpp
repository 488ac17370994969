// One connection of the open-loop client and the requests on it. Who speaks HTTP/1.1 has one at a
// time, who speaks HTTP/2 as many as the server allows. Owned and called by one thread.
#pragma once

#include "connection.hpp"
#include "h2_frames.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bench {

class ExchangeLine {
public:
  struct Options {
    Connection::Options connection;
    bool is_h2 = false;
    std::string authority;
    std::string path;
  };
  using Id = std::size_t; // of a request: the caller's

  explicit ExchangeLine(const Options& options);

  int descriptor() const { return connection_.descriptor(); }

  // The connection's beginning, up to where requests may be sent. Throws std::runtime_error when
  // it fails, as every function below does.
  bool open();

  bool has_room() const;
  // Puts a request where flush() finds it. Requires: has_room().
  void request(Id id);
  void flush();
  // Reads what there is; the requests whose answers are complete. Valid until the next call.
  const std::vector<Id>& receive();

private:
  void receive_h1(std::string_view bytes);
  void receive_h2(std::string_view bytes);

  Connection connection_;
  bool is_h2_;
  bool is_open_ = false;
  std::string authority_;
  std::string path_;
  std::string unsent_;
  std::vector<Id> done_;

  // HTTP/1.1
  std::deque<Id> waiting_;
  std::string head_;            // as much of the answer's as has come
  std::uint64_t remaining_ = 0; // octets of its content still to come
  // HTTP/2: the request on the stream 2 * n + 1 is streams_[n - first_].
  H2Answers answers_;
  std::uint32_t next_stream_ = 1;
  std::deque<Id> streams_;
  std::uint32_t first_ = 0;
  std::uint32_t open_streams_ = 0;
};

} // namespace selvedge::bench
