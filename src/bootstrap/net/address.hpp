// Where a door is: an IPv4 or IPv6 address with a port, or the name of an abstract unix socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::bootstrap {

/// IPv4 is kept as ::ffff:a.b.c.d. A value.
struct NetAddress {
  std::array<std::byte, 16> ip{};
  std::uint16_t port = 0;

  [[nodiscard]] bool is_v4() const;
  static NetAddress v4(std::span<const std::byte, 4> ip, std::uint16_t port);
  /// Reads "10.0.0.1" or "fd00::2", without a port.
  static std::optional<NetAddress> parse_ip(std::string_view text);
  bool operator==(const NetAddress&) const = default;
};

/// "10.0.0.1:4000", "[fd00::2]:4000".
std::string to_string(const NetAddress& address);

inline constexpr std::size_t kMaxAddresses = 4;
inline constexpr std::size_t kMaxUnixName = 64;

/// The doors of one process; empty if it takes nobody in.
struct Where {
  std::vector<NetAddress> network;  // at most kMaxAddresses
  std::string unix_name;            // without the leading NUL

  [[nodiscard]] bool empty() const { return network.empty() && unix_name.empty(); }
  bool operator==(const Where&) const = default;
};

/// "10.0.0.1:4000, [fd00::2]:4000" or "this node's socket".
std::string to_string(const Where& where);

}  // namespace tutti::bootstrap
