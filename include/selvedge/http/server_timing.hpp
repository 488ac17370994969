// Server-Timing (W3C Server Timing, 2): what an origin says about where its time went. A value of
// fixed size that holds its own text and never allocates; what is beyond its bounds is left out.
// Thread: any.
#pragma once

#include <selvedge/http/field.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace selvedge::http {

struct ServerTiming {
  std::string_view name;
  std::optional<double> duration; // milliseconds; 0 where what was said is no number from 0 up
  std::string_view description;   // without quotes and escapes
};

class ServerTimings {
public:
  static constexpr std::size_t kMetrics = 16;
  static constexpr std::size_t kName = 64;        // bytes; a metric of a longer name is left out
  static constexpr std::size_t kDescription = 64; // bytes; the rest is cut off
  static constexpr std::size_t kText =
      512; // of all; a metric for which there is no room is left out

  // Reads one field line, behind what was read before. What is malformed is passed over, as the
  // specification has it: of a repeated parameter the first counts, even if it says nothing.
  void add(std::string_view value);
  void add(const FieldList& fields) {
    if (!fields.may_have(bit_of(FieldName::server_timing))) return;
    for (const Field& field : fields) {
      if (field.id == FieldName::server_timing) add(field.value);
    }
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // The views live as long as this does. Requires: index < size().
  ServerTiming operator[](std::size_t index) const;

  // As one field value that add() reads back: as many whole metrics as fit. Returns its bytes.
  std::size_t write(std::span<char> to) const;

private:
  struct Metric {
    double duration = 0;
    std::uint16_t begin = 0; // of the name; the description is behind it
    std::uint8_t name = 0;   // bytes
    std::uint8_t description = 0;
    bool has_duration = false;
  };
  void add_metric(std::string_view text);
  void keep(const ServerTiming& timing);

  std::array<Metric, kMetrics> metrics_{};
  std::array<char, kText> text_{};
  std::uint16_t used_ = 0;
  std::uint8_t size_ = 0;
};

} // namespace selvedge::http
