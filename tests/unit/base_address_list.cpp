#include <selvedge/base/address_list.hpp>
#include <tests/support/catch.hpp>

#include <stdexcept>

using namespace selvedge::base;

TEST_CASE("addresses and networks", "[base][address]") {
  const AddressList list({"127.0.0.1", "10.0.0.0/8", "192.168.4.0/22", "::1", "fd00::/9"});
  using Row = std::pair<const char*, bool>;
  for (const auto& [address, is_in] :
       {Row{"127.0.0.1", true}, Row{"127.0.0.2", false}, Row{"10.255.0.1", true},
        Row{"11.0.0.1", false}, Row{"192.168.7.255", true}, Row{"192.168.8.0", false},
        Row{"::1", true}, Row{"::2", false}, Row{"fd7f::1", true}, Row{"fd80::1", false},
        // RFC 4291, 2.5.5.2: what a listener for both families says of IPv4 clients
        Row{"::ffff:10.1.2.3", true}, Row{"::ffff:11.1.2.3", false}, Row{"::a01:203", false},
        Row{"", false}, Row{"localhost", false}, Row{"10.0.0.0/8", false}}) {
    CAPTURE(address);
    CHECK(list.contains(address) == is_in);
  }
  CHECK_FALSE(AddressList({}).contains("127.0.0.1"));
  CHECK(AddressList({"0.0.0.0/0"}).contains("1.2.3.4"));
  CHECK_FALSE(AddressList({"0.0.0.0/0"}).contains("::1"));
  CHECK_FALSE(AddressList({"0.0.0.0/0"}).contains(std::string_view("1.2.3.4\0x", 9)));
  CHECK(AddressList({"::/0"}).contains("1.2.3.4"));
}

TEST_CASE("what one client has", "[base][address]") {
  CHECK(client_network("192.0.2.1") == "192.0.2.1");
  CHECK(client_network("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(client_network("2001:db8:1:2::1") == client_network("2001:DB8:1:2:ffff::9"));
  CHECK(client_network("2001:db8:1:2::1") != client_network("2001:db8:1:3::1"));
  for (const char* none : {"", "localhost", "192.0.2", "192.0.2.01", "2001:db8:1:2::/64"}) {
    CAPTURE(none);
    CHECK(client_network(none) == std::nullopt);
  }
}

TEST_CASE("the most specific network is found", "[base][address]") {
  const AddressList list({"10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "10.1.0.0/16"});
  CHECK(list.most_specific("10.1.2.3") == 1u);
  CHECK(list.most_specific("10.2.2.3") == 0u);
  CHECK(list.most_specific("11.0.0.1") == 2u);
  CHECK(list.most_specific("::1") == std::nullopt);
}

TEST_CASE("what is no network is named", "[base][address]") {
  const auto error_of = [](const std::string& text) {
    try {
      const AddressList list({"::1", text});
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  for (const std::string text : {"", "localhost", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "::/129"}) {
    CHECK(error_of(text) == "'" + text + "' is no address or network");
  }
  CHECK(error_of("10.0.0.1/8") == "'10.0.0.1/8' is an address within that network");
  CHECK(error_of("fd00::1/8") == "'fd00::1/8' is an address within that network");
}
