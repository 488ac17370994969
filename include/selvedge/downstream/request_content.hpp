// The content of a request between the client's connection and whoever reads it: bounded, because
// the connection stops reading while it is full. Thread: the worker of the connection.
#pragma once

#include <selvedge/base/error.hpp>
#include <selvedge/http/body_source.hpp>

#include <deque>
#include <string>

namespace selvedge::downstream {

class RequestContent final : public http::BodySource {
public:
  // The connection, which hears that content was used.
  class Supplier {
  public:
    virtual void on_content_used(std::size_t bytes) = 0;

  protected:
    ~Supplier() = default;
  };

  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  void set_sink(http::BodySink* sink) override;

  std::size_t buffered() const { return buffered_; }
  std::uint64_t received() const { return received_; }
  bool is_complete() const { return state_ == State::complete; }

  // --- the connection's side
  // `held`: bytes of memory that the contents of all requests take, which this one adds to.
  void begin(Supplier* supplier, std::uint64_t* held = nullptr) {
    supplier_ = supplier;
    held_ = held;
    state_ = State::growing;
  }
  void append(std::string_view bytes);
  void finish();
  void fail();
  void clear();
  // Nobody will read what it has, and what comes: the memory is given back, but for a reader that
  // is still there as soon as that has left.
  void abandon();
  // What it still has no longer counts: the one who counts may be gone before it is.
  void leave_held();

private:
  enum class State : std::uint8_t { growing, complete, failed };
  void tell();
  void drop();

  std::deque<std::string> pieces_;
  std::size_t offset_ = 0; // consumed of the first piece
  std::size_t buffered_ = 0;
  std::uint64_t* held_ = nullptr;
  std::uint64_t received_ = 0;
  Supplier* supplier_ = nullptr;
  http::BodySink* sink_ = nullptr;
  State state_ = State::complete;
  bool is_abandoned_ = false;
};

} // namespace selvedge::downstream
