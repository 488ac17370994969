// Content of a client's request on its way to the origin. The client may go at any time: then there
// is no more, and the origin's server sees its request cut off.
// Thread: the worker of the exchange.
#pragma once

#include <selvedge/http/body_source.hpp>

namespace selvedge::proxy {

class ContentRelay final : public http::BodySource {
public:
  explicit ContentRelay(http::BodySource* from) : from_(from) {}
  void detach();

  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  void set_sink(http::BodySink* sink) override;

private:
  http::BodySource* from_;
  http::BodySink* sink_ = nullptr;
};

} // namespace selvedge::proxy
