#include "connection.hpp"

#include "h2_connection.hpp"

#include <array>
#include <utility>

namespace selvedge::downstream {

namespace {
// For a client to read an answer that it did not expect.
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kLingerAfterFault{250};
} // namespace

Connection::Connection(Arrival arrival, ConnectionSet& set, RequestHandler& handler)
    : set_(set), handler_(handler), client_(arrival.client),
      transport_(std::move(arrival.transport)), seat_(std::move(arrival.seat)),
      limits_(set.limits()), asker_(arrival.client.standing), is_shared_(arrival.is_shared) {}

Connection::~Connection() = default;

net::Worker& Connection::worker() {
  return set_.worker();
}
Counters& Connection::counters() {
  return set_.counters();
}

void Connection::arm(std::chrono::milliseconds delay) {
  worker().arm(timer_, delay);
}

void Connection::Deadline::on_timeout() {
  const boost::intrusive_ptr<Connection> keep(&connection);
  if (connection.is_closed()) return;
  if (!connection.lingering_) return connection.on_timeout();
  connection.counters().timed_out.add();
  connection.close();
}

void Connection::start(std::string_view first) {
  set_.add(*this);
  process(first);
  if (!is_closed() && !reading_paused_) wait_readable();
}

void Connection::process(std::string_view fresh) {
  is_processing_ = true;
  counters().bytes_read.add(fresh.size());
  if (kept_input_.empty()) {
    on_input(fresh);
  } else {
    std::string input;
    input.swap(kept_input_);
    input.append(fresh);
    on_input(input);
  }
  is_processing_ = false;
}

void Connection::on_readable() {
  is_waiting_readable_ = false;
  if (is_closed()) return;
  if (lingering_) return discard_input();
  const boost::intrusive_ptr<Connection> keep(this);
  // Its client has given up while it was kept waiting: whatever it asked, nobody reads the answer.
  if (transport_->has_ended() && worker().lists().waited() > limits().defer) {
    counters().abandoned.add();
    return close();
  }
  for (;;) {
    if (is_closed() || reading_paused_ || is_going_on()) return;
    if (lingering_) return discard_input();
    const net::IoResult got = transport_->read(worker().input_buffer());
    if (got.state == net::IoState::blocked) break;
    if (got.state == net::IoState::closed) return on_end_of_input();
    process({worker().input_buffer().data(), got.bytes});
    if (!got.may_have_more) break;
    if (worker().is_turn_over() && !is_closed() && !lingering_) return go_on_later();
  }
  if (!is_closed() && !reading_paused_ && !is_going_on()) wait_readable();
}

void Connection::resume_reading() {
  if (is_closed() || !reading_paused_) return;
  reading_paused_ = false;
  go_on_later(); // not from inside of whoever made room
}

void Connection::wait_readable() {
  if (is_waiting_readable_ || is_closed()) return;
  is_waiting_readable_ = true;
  transport_->set_turn(lane(), tenant());
  transport_->wait(net::Direction::read, *this);
}

// --- turns

// Strangers are read at once, to learn who they are; when that costs too much they wait like those
// they are taken for.
overload::Lane Connection::lane() {
  const bool is_told = client_.standing.identity.source != policy::IdentitySource::none;
  const bool is_known = !is_shared_ && (is_told || has_asked_);
  if (!is_known && !worker().load().defers_unknown()) return overload::Lane::premium;
  const bool waits_for_refusal = was_refused_ && asker_.importance != overload::Importance::premium;
  return waits_for_refusal ? overload::Lane::refused : overload::lane_of(asker_.importance);
}

// Those who share a connection are not one tenant.
std::uint64_t Connection::tenant() const {
  return is_shared_ ? client_.standing.identity.tenant : asker_.identity.tenant;
}

void Connection::note_asker(const Standing& standing) {
  constexpr std::uint8_t kRequestsOfLess = 3;
  const bool is_less =
      overload::index_of(standing.importance) > overload::index_of(asker_.importance);
  lesser_requests_ = is_less ? static_cast<std::uint8_t>(lesser_requests_ + 1) : std::uint8_t{0};
  if (is_less && has_asked_ && lesser_requests_ < kRequestsOfLess) return;
  lesser_requests_ = 0;
  has_asked_ = true;
  asker_ = standing;
  if (client_.is_secure) give_ticket(standing);
}

// One when it is known who asks, another when somebody else does: once, each costs a little.
void Connection::give_ticket(const Standing& standing) {
  constexpr auto kHeader = policy::IdentitySource::header;
  const bool is_told = standing.identity.source >= kHeader && ticket_.source < kHeader;
  if (has_ticket_ && !is_told) return;
  has_ticket_ = true;
  ticket_ = standing.identity;
  std::array<char, net::TlsPeer::kNoteBytes> room;
  transport_->give_ticket(is_shared_ ? std::string_view() : handler_.ticket_note(standing, room));
}

void Connection::go_on_later(overload::Lane lane) {
  if (is_closed() || is_going_on()) return;
  continuation_.keep = this;
  worker().make_ready(continuation_, lane, tenant());
}

void Connection::Continuation::on_turn() {
  const boost::intrusive_ptr<Connection> kept = std::move(keep);
  connection.go_on();
}

void Connection::go_on() {
  if (is_closed()) return;
  on_turn();
  if (is_closed() || reading_paused_ || is_going_on()) return;
  if (!kept_input_.empty()) process({});
  if (is_closed() || reading_paused_ || is_waiting_readable_) return;
  on_readable();
}

void Connection::wait_writable() {
  blocked_ = true;
  transport_->wait(net::Direction::write, *this);
}

std::size_t Connection::write(std::span<const iovec> parts, std::size_t own) {
  const net::IoResult result = transport_->write(parts);
  if (result.state == net::IoState::closed) {
    close();
    return 0;
  }
  counters().bytes_written.add(result.bytes);
  std::size_t wanted = 0;
  for (const iovec& part : parts) wanted += part.iov_len;
  if (result.bytes == wanted) {
    if (result.is_holding) wait_writable();
    return wanted - own;
  }

  std::size_t written = result.bytes;
  const std::size_t foreign = written > own ? written - own : 0;
  for (const iovec& part : parts) {
    if (own == 0) break;
    const std::size_t of_own = std::min(part.iov_len, own);
    if (written < of_own) {
      pending_output_.append(static_cast<const char*>(part.iov_base) + written, of_own - written);
    }
    written -= std::min(written, of_own);
    own -= of_own;
  }
  wait_writable();
  return foreign;
}

void Connection::on_writable() {
  const boost::intrusive_ptr<Connection> keep(this);
  if (is_closed()) return;
  blocked_ = false;
  if (!pending_output_.empty()) {
    const iovec part{pending_output_.data(), pending_output_.size()};
    const net::IoResult result = transport_->write({&part, 1});
    if (result.state == net::IoState::closed) return close();
    counters().bytes_written.add(result.bytes);
    pending_output_.erase(0, result.bytes);
    if (!pending_output_.empty() || result.is_holding) return wait_writable();
    pending_output_.shrink_to_fit();
  }
  if (linger_after_output_) return close_after_output();
  on_output_drained();
}

void Connection::close_after_output(bool is_fault) {
  if (is_closed()) return;
  is_at_fault_ = is_at_fault_ || is_fault;
  linger_after_output_ = true;
  if (blocked_) return arm(limits().write_timeout);
  // Closing with unread input would reset the connection, and the client might lose the answer.
  transport_->shut_down_output();
  lingering_ = true;
  kept_input_.clear();
  arm(is_at_fault_ ? kLingerAfterFault : kLinger);
  if (!is_processing_) discard_input();
}

void Connection::discard_input() {
  const boost::intrusive_ptr<Connection> keep(this);
  for (int reads = 0; reads < 4; ++reads) {
    const net::IoResult got = transport_->read(worker().input_buffer());
    if (got.state == net::IoState::closed) return close();
    if (got.state == net::IoState::blocked) break;
  }
  wait_readable();
}

void Connection::close() {
  if (is_closed()) return;
  const boost::intrusive_ptr<Connection> keep(this);
  timer_.disarm();
  continuation_.leave();
  const boost::intrusive_ptr<Connection> kept = std::move(continuation_.keep);
  std::unique_ptr<net::Transport> transport = std::move(transport_);
  on_closing();
  is_cut_off_ ? transport->reset() : transport->close();
  seat_ = {};
  set_.remove(*this);
}

void Connection::cut_off() {
  is_cut_off_ = true;
  close();
}

// --- ConnectionSet

ConnectionSet::ConnectionSet(net::Worker& worker, std::size_t sets, std::atomic<std::size_t>& open)
    : worker_(worker), sets_(sets), open_(open), stream_pool_(std::make_unique<H2StreamPool>()) {}

ConnectionSet::~ConnectionSet() {
  close_all();
}

void ConnectionSet::add(Connection& connection) {
  intrusive_ptr_add_ref(&connection); // the set's own reference
  list_.push_back(connection);
  open_.fetch_add(1, std::memory_order_relaxed);
}

void ConnectionSet::remove(Connection& connection) {
  if (!connection.ConnectionHook::is_linked()) return;
  list_.erase(list_.iterator_to(connection));
  open_.fetch_sub(1, std::memory_order_relaxed);
  counters_.closed.add();
  intrusive_ptr_release(&connection);
}

void ConnectionSet::begin_drain() {
  draining_ = true;
  std::vector<boost::intrusive_ptr<Connection>> all;
  for (Connection& one : list_) all.emplace_back(&one);
  for (auto& one : all) {
    if (!one->is_closed()) one->begin_drain();
  }
}

void ConnectionSet::close_all() {
  while (!list_.empty()) list_.front().close();
  while (!arriving_.empty()) arriving_.front().end();
}

} // namespace selvedge::downstream
