#include <selvedge/downstream/acceptor.hpp>

#include "connection.hpp"
#include "h1_connection.hpp"
#include "h2_connection.hpp"

#include <algorithm>
#include <optional>

namespace selvedge::downstream {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; // RFC 9113, 3.4
// No request of HTTP/1 begins so (RFC 9113, 3.4): what follows is HTTP/2, right or wrong.
constexpr std::string_view kPrefaceLine = kPreface.substr(0, 16);

// Reads the first bytes of a connection, which say what protocol it speaks. The handshake of TLS
// happens inside these reads.
class Newcomer final : public net::TransportOwner, public Arriving, private base::Timer {
public:
  Newcomer(Arrival arrival, ConnectionSet& set, RequestHandler& handler)
      : arrival_(std::move(arrival)), set_(set), handler_(handler) {}

  void start() {
    set_.worker().arm(*this, set_.limits().handshake_timeout);
    keep_ = this;
    set_.add(*this);
    arrival_.client.standing = handler_.standing_of(arrival_.client);
    wait(first_lane());
  }

  void on_readable() override {
    const boost::intrusive_ptr<Newcomer> keep(this);
    if (!arrival_.transport) return;
    net::Transport& transport = *arrival_.transport;
    const std::span<char> buffer = set_.worker().input_buffer();
    std::copy(first_.begin(), first_.end(), buffer.begin());
    const net::IoResult got = transport.read(buffer.subspan(first_.size()));
    if (got.state == net::IoState::closed) return end();
    if (transport.awaits_handshake()) return begin_handshake();
    if (got.state == net::IoState::blocked) return wait(lane_);
    const std::string_view input(buffer.data(), first_.size() + got.bytes);
    const std::optional<bool> speaks_h2 = is_h2(input);
    if (!speaks_h2) {
      first_.assign(input);
      return wait(lane_);
    }
    note_peer();
    if (!*speaks_h2) return become(new H1Connection(std::move(arrival_), set_, handler_), input);
    become(new H2Connection(std::move(arrival_), set_, handler_, set_.stream_pool()), input);
  }
  void on_writable() override {}

private:
  using Lane = overload::Lane;

  // Nothing: too little has come. What was agreed on by ALPN holds (RFC 9113, 3.2); in cleartext,
  // and without ALPN, who speaks HTTP/2 begins with its preface.
  std::optional<bool> is_h2(std::string_view input) const {
    const net::TlsPeer* const peer = arrival_.client.tls;
    if (peer != nullptr && !peer->protocol.empty()) return peer->protocol == "h2";
    const std::string_view line = input.substr(0, kPrefaceLine.size());
    if (!kPrefaceLine.starts_with(line)) return false;
    return line.size() < kPrefaceLine.size() ? std::nullopt : std::optional(true);
  }

  bool is_stranger() const {
    return arrival_.client.standing.identity.source == policy::IdentitySource::none;
  }
  Lane own_lane() const { return overload::lane_of(arrival_.client.standing.importance); }

  // To read what it says first costs little, but for the handshake, which has its own lane.
  Lane first_lane() const {
    if (!is_stranger() || set_.worker().load().defers_unknown()) return own_lane();
    return arrival_.client.tls != nullptr ? Lane::standard : Lane::premium;
  }

  // The hello is there. What follows costs as much as fifty small answers, but less for who comes
  // back with a ticket of ours; whose it is, is known only then.
  void begin_handshake() {
    arrival_.client.standing = handler_.standing_of(arrival_.client); // it may have named a server
    const bool resumes = arrival_.client.tls->resumes;
    (resumes ? set_.counters().handshakes_resumed : set_.counters().handshakes_full).add();
    arrival_.transport->proceed();
    const bool is_premium =
        !is_stranger() && arrival_.client.standing.importance == overload::Importance::premium;
    if (is_premium) return wait(own_lane());
    const Lane then = is_stranger() ? Lane::standard : own_lane();
    wait(resumes ? then : Lane::handshake);
    lane_ = then; // the rest of it is cheap
  }

  void wait(Lane lane) {
    lane_ = lane;
    arrival_.transport->set_turn(lane, arrival_.client.standing.identity.tenant);
    arrival_.transport->wait(net::Direction::read, *this);
  }

  // Its certificate, or what its ticket remembers.
  void note_peer() {
    const net::TlsPeer* peer = arrival_.client.tls;
    if (peer == nullptr || (peer->note.empty() && peer->certificate_names.empty())) return;
    arrival_.client.standing = handler_.standing_of(arrival_.client);
  }

  void become(boost::intrusive_ptr<Connection> connection, std::string_view input) {
    disarm();
    ArrivingHook::unlink();
    connection->start(input);
    keep_.reset();
  }
  void end() override {
    disarm();
    ArrivingHook::unlink();
    if (arrival_.transport) arrival_.transport->close();
    arrival_.transport.reset();
    arrival_.seat = {};
    keep_.reset();
  }
  void on_timeout() override {
    set_.counters().timed_out.add();
    end();
  }

  Arrival arrival_;
  ConnectionSet& set_;
  RequestHandler& handler_;
  Lane lane_ = Lane::standard; // of its turns
  std::string first_;
  boost::intrusive_ptr<Newcomer> keep_; // until it has become a connection or ended
};

} // namespace

Connections::Connections(net::WorkerPool& workers) : workers_(workers) {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    sets_.push_back(std::make_unique<ConnectionSet>(workers[i], workers.size(), open_));
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
                   std::vector<RequestHandler*> handlers, bool is_shared)
    : connections_(connections), listener_(std::move(listener)), handlers_(std::move(handlers)),
      is_shared_(is_shared) {}

void Acceptor::on_connection(net::Worker& worker, std::unique_ptr<net::Transport> transport) {
  ConnectionSet& set = connections_.set_of(worker.index());
  const Limits& limits = set.limits();
  ClientSeats::Taken place =
      connections_.seats().take(transport->peer_address(), limits.connections,
                                is_shared_ ? 0 : limits.connections_per_client);
  if (!place.seat) {
    const bool is_full = place.refusal == ClientSeats::Refusal::node_is_full;
    (is_full ? set.counters().refused_node_full : set.counters().refused_client_limit).add();
    transport->close();
    return;
  }
  set.counters().accepted.add();
  Arrival arrival;
  arrival.client = {.peer_address = transport->peer_address(),
                    .listener = listener_,
                    .is_secure = transport->is_secure(),
                    .tls = transport->tls_peer(),
                    .standing = {}};
  arrival.seat = std::move(place.seat);
  arrival.is_shared = is_shared_;
  arrival.transport = std::move(transport);
  const boost::intrusive_ptr<Newcomer> newcomer(
      new Newcomer(std::move(arrival), set, *handlers_[worker.index()]));
  newcomer->start();
}

} // namespace selvedge::downstream
