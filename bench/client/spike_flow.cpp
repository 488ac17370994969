#include "spike_flow.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace selvedge::bench {

namespace {

constexpr Us kFirstBackoff = std::chrono::milliseconds{10};
constexpr Us kLongestBackoff = std::chrono::seconds{1};

std::vector<double> weights(const std::vector<WeightedPath>& paths) {
  std::vector<double> result;
  for (const WeightedPath& path : paths) result.push_back(path.weight);
  return result;
}

} // namespace

SpikeFlow::SpikeFlow(const Place& place, const FlowOptions& options)
    : place_(place), options_(options), arrivals_(options.rate, place.seed),
      tally_(place.scenario, options) {
  const std::vector<double> shares = weights(options_.paths);
  choose_path_ = std::discrete_distribution<std::size_t>(shares.begin(), shares.end());
  if (options_.is_tls()) context_ = client_context(options_.is_h2() ? "h2" : "http/1.1");
  if (options_.is_tls() && options_.is_resumed) {
    SSL_CTX_set_session_cache_mode(context_.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), &SpikeFlow::keep_session);
  }
  for (std::size_t i = 0; i < options_.connections; ++i) {
    const auto source = options_.first_source + static_cast<std::uint32_t>(i % options_.sources);
    const std::vector<std::string>& values = options_.header_values;
    SpikeLine::Options line{
        .connection = {.port = options_.port, .source = source, .context = context_.get()},
        .is_h2 = options_.is_h2(),
        .depth = options_.depth,
        .header = values.empty() ? std::string() : options_.header,
        .value = values.empty() ? std::string() : values[i % values.size()],
    };
    lines_.push_back(std::make_unique<Line>(std::move(line), i % options_.tenants()));
    lines_.back()->backoff = kFirstBackoff;
  }
}

int SpikeFlow::keep_session(SSL* tls, SSL_SESSION* session) {
  auto* flow = static_cast<SpikeFlow*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
  flow->session_.reset(session);
  return 1; // it is the flow's now
}

void SpikeFlow::connect(std::size_t index) {
  SpikeLine& line = lines_[index]->line;
  line.connect(options_.is_resumed ? session_.get() : nullptr);
  ++connects_;
  place_.epoll.add(line.descriptor(), place_.index << 32 | index);
}

void SpikeFlow::connect_all() {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (options_.is_connection_each) {
      offer_if_it_has_room(i);
    } else {
      connect(i);
    }
  }
}

bool SpikeFlow::is_open() const {
  return options_.is_connection_each || std::ranges::all_of(lines_, [](const auto& one) {
           return one->line.is_open() && one->line.has_room();
         });
}

// A line of a connection each has room when it has no connection.
void SpikeFlow::offer_if_it_has_room(std::size_t index) {
  Line& one = *lines_[index];
  const bool has_room =
      options_.is_connection_each ? !one.line.is_connected() : one.line.has_room();
  if (!has_room || one.is_ready) return;
  one.is_ready = true;
  ready_.push_back(index);
}

void SpikeFlow::on_ended(Line& one, const EndedRequest& request, Us now) {
  --asked_;
  if (request.outcome == Outcome::ok) one.backoff = kFirstBackoff;
  tally_.ended(request, now, one.tenant);
}

void SpikeFlow::on_event(std::size_t index) {
  Line& one = *lines_[index];
  if (!one.line.is_connected()) return; // the event is of a connection that is gone
  const bool was_open = one.line.is_open();
  const std::vector<EndedRequest>& ended = one.line.advance(place_.scratch);
  const Us now = since_start();
  for (const EndedRequest& request : ended) on_ended(one, request, now);
  if (!was_open && one.line.is_open() && options_.is_tls()) {
    resumed_ += SSL_session_reused(one.line.tls()) != 0 ? 1 : 0;
  }
  const bool is_over = options_.is_connection_each && !ended.empty();
  if (one.line.is_broken() || is_over) {
    if (is_over) one.backoff = Us{};
    close(index, now);
    return;
  }
  offer_if_it_has_room(index);
}

void SpikeFlow::close(std::size_t index, Us now) {
  Line& one = *lines_[index];
  for (const EndedRequest& request : one.line.close()) on_ended(one, request, now);
  one.retry_at = now + one.backoff;
  one.backoff = std::clamp(one.backoff * 2, kFirstBackoff, kLongestBackoff);
  if (options_.is_connection_each && one.retry_at <= now) offer_if_it_has_room(index);
}

void SpikeFlow::give_up(std::size_t index, Us now) {
  Line& one = *lines_[index];
  for (const EndedRequest& request : one.line.close()) {
    --asked_;
    tally_.unanswered(request.due);
  }
  one.retry_at = now;
  offer_if_it_has_room(index);
}

void SpikeFlow::drop_expired(Us now) {
  for (; arrivals_.due() < now - options_.wait; arrivals_.advance()) {
    tally_.offered(arrivals_.due());
    tally_.unsent(arrivals_.due());
  }
}

const std::string& SpikeFlow::next_path() {
  constexpr std::string_view kNumber = "{n}";
  const std::string& chosen = options_.paths.size() == 1
                                  ? options_.paths[0].path
                                  : options_.paths[choose_path_(random_)].path;
  const std::size_t at = chosen.find(kNumber);
  if (at == std::string::npos) return chosen;
  path_ = chosen;
  path_.replace(at, kNumber.size(), std::to_string(number_++));
  return path_;
}

void SpikeFlow::fill(Line& one, Us now) {
  const std::size_t most = options_.is_connection_each ? 1 : options_.depth;
  for (std::size_t put = 0; put < most && one.line.has_room() && arrivals_.due() <= now; ++put) {
    const Us due = arrivals_.due();
    one.line.request(due, next_path());
    ++asked_;
    tally_.offered(due);
    tally_.sent(due, now);
    arrivals_.advance();
  }
  one.line.flush();
}

void SpikeFlow::issue(Us now, Us until) {
  drop_expired(now);
  while (!ready_.empty() && arrivals_.due() <= now) {
    const std::size_t index = ready_.front();
    ready_.pop_front();
    Line& one = *lines_[index];
    one.is_ready = false;
    if (options_.is_connection_each && !one.line.is_connected()) connect(index);
    fill(one, now);
    if (one.line.is_broken()) {
      close(index, now);
    } else {
      offer_if_it_has_room(index);
    }
    if (since_start() > until) return;
  }
}

void SpikeFlow::tend(Us now) {
  constexpr std::size_t kAtOnce = 4;
  for (std::size_t n = 0; n < std::min(kAtOnce, lines_.size()); ++n) {
    const std::size_t index = tended_;
    tended_ = tended_ + 1 == lines_.size() ? 0 : tended_ + 1;
    Line& one = *lines_[index];
    if (one.line.is_connected()) {
      const bool is_late = options_.is_connection_each && one.line.asked() > 0 &&
                           one.line.oldest_due() + options_.timeout < now;
      if (is_late) give_up(index, now);
    } else if (one.retry_at <= now) {
      options_.is_connection_each ? offer_if_it_has_room(index) : connect(index);
    }
  }
}

void SpikeFlow::finish() {
  for (; arrivals_.due() != Arrivals::kNever; arrivals_.advance()) {
    tally_.offered(arrivals_.due());
    tally_.unsent(arrivals_.due());
  }
  for (const auto& one : lines_) {
    for (const EndedRequest& request : one->line.close()) tally_.unanswered(request.due);
  }
  asked_ = 0;
}

nlohmann::json SpikeFlow::report() {
  nlohmann::json result = tally_.report();
  result["connects"] = connects_;
  result["resumed"] = resumed_;
  return result;
}

} // namespace selvedge::bench
