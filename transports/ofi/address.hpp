// What a rank tells its peers of itself. Neither libfabric nor a socket doubts an address: a checksum keeps garbage
// out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tutti::transport::ofi {

struct Address {
  std::string kind;                 // of libfabric's address: provider and format; equal at both ends
  std::string place;                // where that address means something; empty: everywhere
  std::uint64_t door = 0;           // random: every packet and every lifeline to this rank must show it
  std::vector<std::byte> lifeline;  // sockaddr at which this rank hears of its peers' ends
  std::vector<std::byte> fabric;    // libfabric's
  bool operator==(const Address&) const = default;
};

/// Format: "tof1", checksum of what follows (8 bytes: FNV-1a), door (8), then kind, place, lifeline and fabric, each
/// with its length (1 byte) in front.
std::vector<std::byte> encode(const Address& address);

/// Nothing for bytes that `encode` does not make.
std::optional<Address> decode(std::span<const std::byte> bytes);

}  // namespace tutti::transport::ofi
