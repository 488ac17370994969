// SETTINGS (RFC 9113, 6.5): what the client says is checked and kept as far as it matters to a
// server; what this node says is written once, at the start of the connection.
#pragma once

#include "h2_frame.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace selvedge::codec::h2 {

struct PeerSettings {
  std::uint32_t initial_window = kFirstWindow;
  std::uint32_t header_table_bytes = 4096;
  // SETTINGS_NO_RFC7540_PRIORITIES: must not change once it could have been said (RFC 9218, 2.1).
  std::optional<bool> ignores_old_priorities;
};

// Takes over the payload of a SETTINGS frame that is not an ACK; of a setting that is there twice
// the last one counts. Anything but no_error is an error of the connection.
ResetCode apply_settings(std::string_view payload, PeerSettings& settings);

constexpr std::size_t kOurSettingsBytes = kFrameHeadBytes + 4 * 6;
char* write_settings(char* to, const ServerSession::Options& options);

} // namespace selvedge::codec::h2
