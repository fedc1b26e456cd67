// Where a rank can be reached: on which machine, in which network namespace, on which node, at which socket.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tutti::transport::shm {

using SocketName = std::array<std::byte, 16>;

/// Ranks share memory if they agree on all of it. Abstract sockets live in the network namespace.
struct Place {
  std::array<std::byte, 16> boot{};
  std::uint64_t network_namespace = 0;
  std::string node_id;
  bool operator==(const Place&) const = default;
};

struct Address {
  Place place;
  SocketName socket{};
  bool operator==(const Address&) const = default;
};

/// Whose a window is that lies at this socket's owner.
std::uint64_t owner_number(const SocketName& socket);

/// Fails with unsupported if /proc does not say which boot this is, invalid_argument if node_id is over 255 bytes.
Result<Place> find_place(std::string node_id);

/// Format: "tsh1", boot id, namespace (8 bytes), socket name, length of the node id (1 byte), node id.
std::vector<std::byte> encode(const Address& address);

/// Nothing for bytes that `encode` does not make.
std::optional<Address> decode(std::span<const std::byte> bytes);

}  // namespace tutti::transport::shm
