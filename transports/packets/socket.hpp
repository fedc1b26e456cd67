// TCP sockets as lifelines need them: addresses as values, and nothing that blocks.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace tutti::transport::packets {

/// An IP address with a port.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// Nothing for bytes that are no sockaddr_in or sockaddr_in6.
  static std::optional<SocketAddress> of(std::span<const std::byte> bytes);
  [[nodiscard]] std::span<const std::byte> bytes() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_link_local() const;
  /// Of hosts only: ports do not count.
  bool operator==(const SocketAddress& other) const;
};

/// Where addresses of a loopback interface mean something: this boot of this machine, this network namespace.
std::string this_place();

/// Those of this machine that `texts` name, in their order; all if there are none, IPv4 first and loopback only where
/// there is nothing else. Fails with invalid_argument on one that this machine does not have.
Result<std::vector<SocketAddress>> own_addresses(const std::vector<std::string>& texts);

/// Listens at a port that the system chooses, and writes it into `address`.
Result<FileDescriptor> listen_at(SocketAddress& address);

/// Begins to connect; the outcome shows when the socket is used. Fails where that is known at once.
Result<FileDescriptor> dial(const SocketAddress& address);

}  // namespace tutti::transport::packets
