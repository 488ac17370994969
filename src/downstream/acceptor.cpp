#include <selvedge/downstream/acceptor.hpp>

#include "connection.hpp"
#include "h1_connection.hpp"
#include "h2_connection.hpp"

#include <algorithm>

namespace selvedge::downstream {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; // RFC 9113, 3.4

// Reads the first bytes of a connection, which say what protocol it speaks. The handshake of TLS
// happens inside these reads.
class Newcomer final : public net::TransportOwner, private base::Timer {
public:
  Newcomer(std::unique_ptr<net::Transport> transport, ConnectionSet& set, RequestHandler& handler,
           std::string_view listener, H2StreamPool& pool)
      : transport_(std::move(transport)), set_(set), handler_(handler), listener_(listener),
        pool_(pool) {}

  void start() {
    set_.worker().arm(*this, set_.limits().handshake_timeout);
    keep_ = this;
    on_readable();
  }

  void on_readable() override {
    const boost::intrusive_ptr<Newcomer> keep(this);
    if (!transport_) return;
    set_.worker().refresh_now();
    const std::span<char> buffer = set_.worker().input_buffer();
    std::copy(first_.begin(), first_.end(), buffer.begin());
    const net::IoResult got = transport_->read(buffer.subspan(first_.size()));
    if (got.state == net::IoState::closed) return end();
    if (got.state == net::IoState::blocked) return transport_->wait(net::Direction::read, *this);
    const std::string_view input(buffer.data(), first_.size() + got.bytes);
    const std::string_view expected = kPreface.substr(0, input.size());
    if (input.substr(0, expected.size()) != expected) {
      return become(new H1Connection(std::move(transport_), set_, handler_, listener_), input);
    }
    if (input.size() >= kPreface.size()) {
      return become(new H2Connection(std::move(transport_), set_, handler_, listener_, pool_),
                    input);
    }
    first_.assign(input);
    transport_->wait(net::Direction::read, *this);
  }
  void on_writable() override {}

private:
  void become(boost::intrusive_ptr<Connection> connection, std::string_view input) {
    disarm();
    connection->start(input);
    keep_.reset();
  }
  void end() {
    disarm();
    if (transport_) transport_->close();
    transport_.reset();
    keep_.reset();
  }
  void on_timeout() override {
    set_.counters().timed_out.add();
    end();
  }

  std::unique_ptr<net::Transport> transport_;
  ConnectionSet& set_;
  RequestHandler& handler_;
  std::string_view listener_;
  H2StreamPool& pool_;
  std::string first_;
  boost::intrusive_ptr<Newcomer> keep_; // until it has become a connection or ended
};

} // namespace

Connections::Connections(net::WorkerPool& workers) : workers_(workers) {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    sets_.push_back(std::make_unique<ConnectionSet>(workers[i], open_));
  }
}

Connections::~Connections() = default;

void Connections::set_limits(const Limits& limits) {
  for (auto& set : sets_) {
    set->worker().post([&set = *set, limits] { set.set_limits(limits); });
  }
}

void Connections::begin_drain() {
  for (auto& set : sets_) {
    set->worker().post([&set = *set] { set.begin_drain(); });
  }
}

void Connections::close_all() {
  workers_.run_on_all([this](net::Worker& worker) { sets_[worker.index()]->close_all(); });
}

const Counters& Connections::counters(std::size_t worker) const {
  return sets_[worker]->counters();
}

Acceptor::Acceptor(Connections& connections, std::string listener,
                   std::vector<RequestHandler*> handlers)
    : connections_(connections), listener_(std::move(listener)), handlers_(std::move(handlers)) {}

void Acceptor::on_connection(net::Worker& worker, std::unique_ptr<net::Transport> transport) {
  ConnectionSet& set = connections_.set_of(worker.index());
  if (!set.admit()) {
    set.counters().refused.add();
    transport->close();
    return;
  }
  set.counters().accepted.add();
  const boost::intrusive_ptr<Newcomer> newcomer(new Newcomer(
      std::move(transport), set, *handlers_[worker.index()], listener_, set.stream_pool()));
  newcomer->start();
}

} // namespace selvedge::downstream
