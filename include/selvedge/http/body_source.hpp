// Content is pulled: whoever writes to a peer asks the source for bytes when it can send them.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/http/field.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace selvedge::http {

enum class BodyState : std::uint8_t {
  ready,   // there are bytes to read
  pending, // none now; the sink is told when there are
  end,     // everything has been consumed
  failed,  // the content is truncated: the message must not be ended cleanly
};

// Who is told that a source that was pending has something again. Thread: that of the exchange.
class BodySink {
public:
  virtual ~BodySink() = default;
  virtual void on_body_ready() = 0;
};

// Thread: the worker of the exchange.
class BodySource {
public:
  virtual ~BodySource() = default;

  struct Peek {
    BodyState state = BodyState::pending;
    std::size_t count = 0; // views filled, only when ready
    bool is_last = false;  // these views reach the end of the content
  };
  // Fills `views` with the next bytes in order, without consuming them. They stay valid until they
  // are consumed or the source is destroyed.
  virtual Peek peek(std::span<std::string_view> views) = 0;
  virtual void consume(std::size_t bytes) = 0;
  // Who pulls, where the source does not know it otherwise; null: nobody any more.
  virtual void set_sink(BodySink*) {}
  // The trailer section, once everything has been consumed or is_last was said.
  virtual std::span<const Field> trailers() const { return {}; }
};

} // namespace selvedge::http
