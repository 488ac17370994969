// A fetch that is sent to a second server when the first takes longer than most fetches of its
// route. The first answer wins; the other fetch is cancelled. Thread: one worker.
#pragma once

#include "http_origin.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>
#include <optional>

namespace selvedge::upstream {

class Hedge final : public Cancellation::Target, public std::enable_shared_from_this<Hedge> {
public:
  // Requires: the request may be sent twice.
  static boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(std::shared_ptr<HttpOrigin> origin, const FetchRequest& request);

  Hedge(std::shared_ptr<HttpOrigin> origin, const FetchRequest& request);
  void cancel() override;

private:
  using Fetched = base::Result<OriginResponsePtr>;
  struct Runner {
    Cancellation cancellation;
    std::optional<Fetched> result;
    bool is_running = false;
  };
  class Winner;

  static boost::asio::awaitable<void> run(std::shared_ptr<Hedge> self, std::size_t index);
  boost::asio::awaitable<Fetched> race();
  void begin(std::size_t index);
  void arm();
  bool has_won(std::size_t index) const;
  std::optional<std::size_t> winner() const;

  const std::shared_ptr<HttpOrigin> origin_;
  const FetchRequest request_;
  std::array<Runner, 2> runners_;
  net::Event changed_;
  boost::asio::steady_timer timer_; // the worker's own tick is too coarse
  Tried first_;                     // where the first went, for the second to go elsewhere
};

} // namespace selvedge::upstream
