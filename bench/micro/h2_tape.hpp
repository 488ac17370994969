// What a client of HTTP/2 says, recorded beforehand, so that a measurement of a server contains no
// client. The client is nghttp2's, with windows that never fill and HPACK tables that are warm, as
// those of a load generator or of a browser that has been on the site for a while.
// A connection's bytes depend on each other: a tape is played from its beginning, to a new server.
#pragma once

#include <selvedge/http/head.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::bench {

// One connection's server side, whatever is behind it. Thread: one.
class H2Server {
public:
  virtual ~H2Server() = default;
  // Everything it answers to these bytes, valid until the next call.
  virtual std::string_view say(std::string_view bytes) = 0;
};

struct H2Tape {
  static constexpr std::size_t kStreams = 8; // requests of a turn, all under way at once
  static constexpr std::size_t kTurns = 1024;

  std::vector<std::string> opening; // preface, settings, and a first turn
  std::vector<std::string> turns;   // each is answered before the next is said
  std::size_t content_bytes = 0;    // of each answer
};

// Asks `server` the same again and again. Throws when an answer is not complete, or not a 200.
H2Tape record(H2Server& server, const http::RequestHead& request);
// Brings a new server to where turns[0] is next.
void open(H2Server& server, const H2Tape& tape);

} // namespace selvedge::bench
