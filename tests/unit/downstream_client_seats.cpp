// Places of connections: the node has so many, and one client may take so many of them.
#include <selvedge/downstream/client_seats.hpp>
#include <tests/support/catch.hpp>

#include <vector>

using selvedge::downstream::ClientSeats;
using selvedge::downstream::Seat;
using Refusal = ClientSeats::Refusal;

TEST_CASE("The node has so many places, and one is free again when its connection ends",
          "[downstream]") {
  ClientSeats seats;
  std::vector<Seat> held;
  for (const char* one : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    held.push_back(seats.take(one, 3, 0).seat);
    CHECK(held.back());
  }
  CHECK(seats.take("192.0.2.4", 3, 0).refusal == Refusal::node_is_full);
  CHECK(seats.taken() == 3);
  held.pop_back();
  CHECK(seats.take("192.0.2.4", 3, 0).seat);
  CHECK(seats.taken() == 2); // nobody kept that one
}

TEST_CASE("One client has so many places, and others are none the worse for it", "[downstream]") {
  ClientSeats seats;
  Seat first = seats.take("192.0.2.1", 100, 2).seat;
  const Seat second = seats.take("192.0.2.1", 100, 2).seat;
  CHECK(second);
  const ClientSeats::Taken third = seats.take("192.0.2.1", 100, 2);
  CHECK(third.refusal == Refusal::client_has_enough);
  CHECK_FALSE(third.seat);
  CHECK(seats.taken() == 2);
  CHECK(seats.take("192.0.2.2", 100, 2).seat);
  first = {};
  CHECK(seats.take("192.0.2.1", 100, 2).seat);
}

TEST_CASE("A seat that moves is one seat", "[downstream]") {
  ClientSeats seats;
  Seat one = seats.take("192.0.2.1", 100, 5).seat;
  Seat other = std::move(one);
  CHECK(other);
  CHECK_FALSE(one);
  other = seats.take("192.0.2.1", 100, 5).seat; // the old one is given back
  CHECK(seats.taken() == 1);
  other = {};
  CHECK(seats.taken() == 0);
}

TEST_CASE("What one client is", "[downstream]") {
  const auto client = [](const char* address) { return ClientSeats::client_of(address); };
  CHECK(client("192.0.2.1") == client("192.0.2.1"));
  CHECK(client("192.0.2.1") != client("192.0.2.2"));
  CHECK(client("::ffff:192.0.2.1") == client("192.0.2.1")); // on a socket of both families
  CHECK(client("2001:db8:1:2::1") == client("2001:db8:1:2:ffff::9"));
  CHECK(client("2001:db8:1:2::1") != client("2001:db8:1:3::1"));
  CHECK(client("") == 0); // a UNIX socket of a test
  CHECK(client("no address") == 0);
}
