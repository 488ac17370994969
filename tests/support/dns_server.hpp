// A DNS server that says what the test wants, over UDP on 127.0.0.1: messages of RFC 1035, 4.
//
//   DnsServer dns(worker.io());
//   dns.reply = [](const DnsServer::Question& q) { return q.addresses({"192.0.2.1"}, 60); };
//   options.servers = dns.address();
//
// It answers from the loop of the test. Thread: one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace selvedge::test {

class DnsServer {
  using udp = boost::asio::ip::udp;

public:
  static constexpr std::uint16_t kA = 1;
  static constexpr std::uint16_t kAaaa = 28;
  static constexpr std::uint8_t kServerFailure = 2; // RCODEs
  static constexpr std::uint8_t kNoSuchName = 3;
  static constexpr std::uint8_t kTruncated = 2; // flag, of the third octet

  // One question of a client, and the messages that may answer it.
  struct Question {
    std::string packet; // header and question, as they came
    std::string name;   // lower case, without the last dot
    std::uint16_t type = 0;

    // Those of the family that was asked for; none of them: the name has no such records.
    std::string addresses(const std::vector<std::string>& all, std::uint32_t ttl) const {
      std::string records;
      std::uint16_t count = 0;
      for (const std::string& text : all) {
        const auto address = boost::asio::ip::make_address(text);
        if (address.is_v4() != (type == kA)) continue;
        ++count;
        records += number(0xC00C) + number(type) + number(1); // RFC 1035, 4.1.4: the name above
        records += number(static_cast<std::uint16_t>(ttl >> 16)) +
                   number(static_cast<std::uint16_t>(ttl & 0xFFFF));
        const std::string bytes = bytes_of(address);
        records += number(static_cast<std::uint16_t>(bytes.size())) + bytes;
      }
      return head(0, 0, count) + packet.substr(12) + records;
    }
    std::string status(std::uint8_t rcode) const { return head(0, rcode, 0) + packet.substr(12); }
    // "Ask again over TCP", where nobody listens.
    std::string truncated() const { return head(kTruncated, 0, 0) + packet.substr(12); }

  private:
    static std::string number(std::uint16_t n) {
      return {static_cast<char>(n >> 8), static_cast<char>(n & 0xFF)};
    }
    static std::string bytes_of(const boost::asio::ip::address& address) {
      if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {bytes.begin(), bytes.end()};
      }
      const auto bytes = address.to_v6().to_bytes();
      return {bytes.begin(), bytes.end()};
    }
    // QR, RD and RA are set.
    std::string head(std::uint8_t flags, std::uint8_t rcode, std::uint16_t answers) const {
      std::string head = packet.substr(0, 2);
      head += static_cast<char>(0x81 | flags);
      head += static_cast<char>(0x80 | rcode);
      return head + number(1) + number(answers) + number(0) + number(0);
    }
  };
  // Empty: no answer.
  using Reply = std::function<std::string(const Question&)>;

  explicit DnsServer(boost::asio::io_context& io)
      : socket_(io, {boost::asio::ip::address_v4::loopback(), 0}) {
    receive();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
  }
  // Questions for `name`, of one type (a lookup asks for both).
  unsigned asked(const std::string& name, std::uint16_t type = kA) const {
    const auto found = asked_.find({name, type});
    return found == asked_.end() ? 0 : found->second;
  }
  unsigned asked() const { return total_; }

  Reply reply;

private:
  void receive() {
    socket_.async_receive_from(boost::asio::buffer(buffer_), peer_,
                               [this](const boost::system::error_code& error, std::size_t size) {
                                 if (error) return;
                                 on_packet({buffer_.data(), size});
                                 receive();
                               });
  }
  void on_packet(std::string_view packet) {
    Question question;
    std::size_t at = 12;
    while (at < packet.size() && packet[at] != 0) {
      const auto length = static_cast<unsigned char>(packet[at]);
      if (!question.name.empty()) question.name += '.';
      question.name += packet.substr(at + 1, length);
      at += 1u + length;
    }
    if (at + 5 > packet.size()) return;
    question.packet = packet.substr(0, at + 5); // without what may follow (RFC 6891)
    question.type = static_cast<std::uint16_t>(static_cast<unsigned char>(packet[at + 1]) << 8 |
                                               static_cast<unsigned char>(packet[at + 2]));
    ++asked_[{question.name, question.type}];
    ++total_;
    const std::string answer = reply ? reply(question) : std::string();
    boost::system::error_code lost; // as any packet may be
    if (!answer.empty()) socket_.send_to(boost::asio::buffer(answer), peer_, 0, lost);
  }

  udp::socket socket_;
  udp::endpoint peer_;
  std::array<char, 1024> buffer_{};
  std::map<std::pair<std::string, std::uint16_t>, unsigned> asked_;
  unsigned total_ = 0;
};

} // namespace selvedge::test
