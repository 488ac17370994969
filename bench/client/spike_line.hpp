// One connection of the overload generator and the requests on it. It is opened again after it was
// closed; an end by the server is no error here but a result. Owned and called by one thread.
#pragma once

#include "connection.hpp"
#include "spike_answers.hpp"
#include "spike_scenario.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bench {

struct EndedRequest {
  Us due{};
  Outcome outcome = Outcome::ok;
  std::uint64_t bytes = 0;
};

class SpikeLine {
public:
  struct Options {
    Connection::Options connection;
    bool is_h2 = false;
    std::size_t depth = 1;
    std::string header; // of every request; empty: none
    std::string value;
  };

  explicit SpikeLine(Options options);

  // Begins a connection, with a TLS session to resume or null. Throws std::system_error when there
  // is no descriptor or port left. Requires: !is_connected().
  void connect(SSL_SESSION* session);
  // Ends it; what was asked and not answered comes out.
  std::vector<EndedRequest> close();

  bool is_connected() const { return live_.has_value(); }
  bool is_open() const { return live_ && live_->is_open; }
  int descriptor() const { return live_->connection.descriptor(); }
  SSL* tls() const { return live_->connection.tls(); }

  // Requests may be put before the connection is open, and leave when it is.
  bool has_room() const;
  std::size_t asked() const { return live_ ? live_->waiting.size() - live_->holes : 0; }
  // When the oldest request was due. Requires: asked() > 0.
  Us oldest_due() const { return live_->waiting.front().request.due; }
  // Requires: has_room().
  void request(Us due, std::string_view path);

  // Goes on with opening, sends and reads all that is possible; the requests that ended, valid
  // until the next call. `scratch` is room for what is read. When is_broken() is true after it,
  // only close() is left.
  const std::vector<EndedRequest>& advance(std::span<char> scratch);
  void flush();
  bool is_broken() const { return live_ && live_->is_broken; }

private:
  struct Waiting {
    EndedRequest request;
    bool is_done = false; // answered before one that was asked earlier (HTTP/2)
  };
  // All that ends with the connection.
  struct Live {
    explicit Live(const Connection::Options& options) : connection(options) {}
    Connection connection;
    bool is_open = false;
    bool is_broken = false;
    std::string unsent;
    // HTTP/2: the request on the stream 2 * n + 1 is waiting[n - first].
    std::deque<Waiting> waiting;
    std::size_t holes = 0; // those of `waiting` that are done
    std::uint32_t first = 0;
    std::uint32_t next_stream = 1;
    H1Answers h1;
    StreamAnswers h2;
  };

  void open();
  void read(std::span<char> scratch);
  // False: there is nothing more to read now.
  bool read_once(std::span<char> scratch);
  void take(const Answer& answer);
  std::vector<Answer>& answers() { return options_.is_h2 ? live_->h2.ended : live_->h1.ended; }
  bool is_last() const { return options_.is_h2 ? live_->h2.is_last : live_->h1.is_last; }

  Options options_;
  std::string authority_;
  std::string after_path_; // the rest of a request of HTTP/1.1
  std::optional<Live> live_;
  std::vector<EndedRequest> ended_;
};

} // namespace selvedge::bench
