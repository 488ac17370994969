// The plain Transport: a non-blocking TCP socket, watched by its worker's poller.
#pragma once

#include <selvedge/net/transport.hpp>
#include <selvedge/net/worker.hpp>

namespace selvedge::net {

class TcpTransport : public Transport, private Poller::Watched {
public:
  // Takes `socket`, which is connected and non-blocking. `peer` is its address as text.
  TcpTransport(int socket, std::string peer, Worker& worker);
  ~TcpTransport() override;
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;

  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> parts) override;
  void wait(Direction direction, TransportOwner& owner) override;
  void shut_down_output() override;
  void close() override;
  void reset() override;
  bool is_secure() const override { return false; }
  std::string_view peer_address() const override { return peer_; }
  bool has_ended() const override { return ended_; }
  void set_turn(overload::Lane lane, std::uint64_t tenant) override {
    Watched::set_turn(lane, tenant);
  }

protected:
  Worker& worker() { return worker_; }
  int socket() const { return socket_; } // -1: closed
  // The socket has room, before whoever waits for that is told. False: it was used up.
  virtual bool on_room() { return true; }
  // There is input to be had, though the socket has none: a wait for it ends at once.
  void expect_input() { readable_ = true; }

private:
  void on_ready(Poller::Ready ready) final;

  int socket_;
  // Not known to be false: an edge was seen, and no call since has said "would block".
  bool readable_ = true;
  bool writable_ = true;
  bool ended_ = false;                          // then reading never blocks again
  boost::intrusive_ptr<TransportOwner> reader_; // waits
  boost::intrusive_ptr<TransportOwner> writer_;
  Worker& worker_;
  std::string peer_;
};

} // namespace selvedge::net
